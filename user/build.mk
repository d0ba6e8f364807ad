# SPDX-License-Identifier: MIT
libs-user/init := manifest
