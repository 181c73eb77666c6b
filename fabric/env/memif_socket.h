/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A memif server that was killed leaves its socket in the file system, and net_memif then refuses
 * to listen there: a crashed node could not be restarted.
 */
#ifndef FAB_ENV_MEMIF_SOCKET_H
#define FAB_ENV_MEMIF_SOCKET_H

/*
 * Removes the socket of a memif server if nobody listens at it (any more). `devargs`: device
 * arguments as the EAL takes them, "net_memif0,role=server,socket=/run/x.sock,socket-abstract=no";
 * others are left alone. Context: main thread, before the device is made.
 */
void fab_memif_socket_clean(const char *devargs);

#endif
