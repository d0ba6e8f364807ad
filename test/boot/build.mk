# SPDX-License-Identifier: MIT
libs-test/boot/fork := cow
libs-test/boot/exo_scarce := cow
libs-test/boot/net := net
libs-test/boot/net_full := net
libs-test/boot/rt_loop := rt
libs-test/boot/vectors := vectors
LIBS += vectors
lib-vectors-y := test/model/vec.c test/model/vec_asm.c test/model/vec_words.c
