/* SPDX-License-Identifier: MIT
 * errors.h: the error codes of the ABI as an enum; the list itself is errors.def.
 */
#ifndef EXO_ERRORS_H
#define EXO_ERRORS_H

#define ERROR(code, name, sentence) name = (code),
enum exo_error {
#include <exo/errors.def>
};
#undef ERROR

#endif
