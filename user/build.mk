# SPDX-License-Identifier: MIT
libs-user/init := manifest pcap
libs-user/control := rt
libs-user/ping := net
libs-user/sntp := net
libs-user/udpecho := net
