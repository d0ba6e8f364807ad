# SPDX-License-Identifier: MIT
libs-user/init := manifest pcap
libs-user/control := rt
