# SPDX-License-Identifier: MIT
libs-user/tcpdump := pcap
