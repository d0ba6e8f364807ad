# SPDX-License-Identifier: MIT
libs-test/boot/fork := cow
