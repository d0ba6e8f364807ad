/* SPDX-License-Identifier: MIT
 * error.c: see error.h. The texts come from <exo/errors.def>.
 */
#include "lib/exo/error.h"

const char *
exo_error_name(int64_t result)
{
	if (result >= 0) {
		return "OK";
	}
	switch (result) {
#define ERROR(code, name, sentence)                                                                \
	case code:                                                                                 \
		return #name;
#include <exo/errors.def>
#undef ERROR
	}
	return "E_?";
}

const char *
exo_error_sentence(int64_t result)
{
	if (result >= 0) {
		return "no error";
	}
	switch (result) {
#define ERROR(code, name, sentence)                                                                \
	case code:                                                                                 \
		return sentence;
#include <exo/errors.def>
#undef ERROR
	}
	return "there is no error of this number";
}
