/* SPDX-License-Identifier: MIT
 * error.h: the names and sentences of <exo/errors.def> as text.
 */
#ifndef LIB_EXO_ERROR_H
#define LIB_EXO_ERROR_H

#include <stdint.h>

/* "E_INVAL"; "OK" for results that are no error, "E_?" for codes without a name. */
const char *exo_error_name(int64_t result);

/* "an argument has a value that this call does not know" */
const char *exo_error_sentence(int64_t result);

#endif
