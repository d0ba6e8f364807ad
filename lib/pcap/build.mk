# SPDX-License-Identifier: MIT
LIBS += pcap
lib-pcap-y := $(wildcard lib/pcap/*.c)
