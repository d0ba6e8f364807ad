# SPDX-License-Identifier: MIT
libs-user/init := manifest
libs-user/control := rt
