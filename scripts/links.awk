# SPDX-License-Identifier: MIT
# Turn the "links: FILES; libs: -lX" line of each host test into make variables links-NAME, linklibs-NAME.
FNR == 1 && FILENAME != "/dev/null" {
	name = FILENAME
	sub(/\.c$/, "", name)
}
FNR <= 40 && /links:/ {
	line = $0
	sub(/.*links:/, "", line)
	sub(/\*\/.*/, "", line)
	libs = ""
	if (match(line, /; *libs:/)) {
		libs = substr(line, RSTART + RLENGTH)
		line = substr(line, 1, RSTART - 1)
	}
	print "links-" name " += " line
	print "linklibs-" name " += " libs
}
