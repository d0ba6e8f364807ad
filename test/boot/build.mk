# SPDX-License-Identifier: MIT
libs-test/boot/fork := cow
libs-test/boot/exo_scarce := cow
libs-test/boot/net := net
libs-test/boot/rt_loop := rt
