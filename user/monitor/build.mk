# SPDX-License-Identifier: MIT
libs-user/monitor := edit gdbstub
