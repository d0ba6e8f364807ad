# SPDX-License-Identifier: MIT
# Its handler is compiled by clang: where that is missing, the program is left out.
libs-user/udpecho_handler := net
code-programs += user/udpecho_handler
$(eval $(call code_prog,$$(O)/code/udpecho_handler.prog,user/udpecho_handler/kernel/echo.c,handler))
$(B)/u/user/udpecho_handler/code.S.o: $(O)/code/udpecho_handler.prog
$(B)/u/user/udpecho_handler/code.S.o: UFLAGS += -Wa,-I$(O)/code
