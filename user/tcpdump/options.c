/* SPDX-License-Identifier: MIT
 * options.c: what the arguments ask for: those of tcpdump that are used most.
 */
#include "user/tcpdump/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exo/start.h"

static bool
refuse(const char *what, const char *why)
{
	printf("%s: %s: %s\n", exo_name(), what, why);
	return false;
}

static bool
read_count(struct options *options, const char *text)
{
	char *end = NULL;

	options->count = text ? strtoul(text, &end, 10) : 0;
	return (options->count && !*end) || refuse("-c", "it wants a number of packets, from 1 on");
}

/* The name is a word of the lines on the console and becomes a file's. */
static bool
read_file(struct options *options, const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	options->file = text;
	return (text && *text && *text != '.' && strlen(text) <= 40 &&
		!text[strspn(text, allowed)]) ||
	       refuse("-w", "it wants a file's name, at most 40 letters, digits or ._-");
}

/* The flags of one argument, "-ne"; true if it takes the next one along. */
static bool
read_flags(struct options *options, const char *flags, const char *next, bool *takes_next)
{
	bool is_right = true;
	char flag[] = "-?";

	*takes_next = false;
	for (; is_right && *flags; flags++) {
		switch (*flags) {
		case 'n': /* names are not looked up anyway */
			break;
		case 'e':
			options->shows_link = true;
			break;
		case 't':
			options->hides_time = true;
			break;
		case 'c':
		case 'w':
			*takes_next = !flags[1];
			is_right = (*flags == 'c' ? read_count : read_file)(
				options, flags[1] ? flags + 1 : next);
			return is_right;
		default:
			flag[1] = *flags;
			return refuse(flag, "there are the options -c COUNT, -e, -n, -t and "
					    "-w FILE");
		}
	}
	return is_right;
}

bool
options_read(struct options *options, int argc, char **argv)
{
	bool takes_next = false;
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i += 1 + takes_next) {
		if (!read_flags(options, argv[i] + 1, i + 1 < argc ? argv[i + 1] : NULL,
				&takes_next)) {
			return false;
		}
	}
	for (; i < argc; i++) {
		size_t used = strlen(options->expression);
		int wanted = snprintf(options->expression + used, EXPRESSION_BYTES - used, "%s%s",
				      used ? " " : "", argv[i]);

		if (wanted >= (int)(EXPRESSION_BYTES - used)) {
			return refuse("expression", "it is too long");
		}
	}
	return true;
}
