/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel says of the interface below a port, where the driver does not. */
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "env/port_state.h"

uint32_t
fab_port_kernel_mtu(unsigned index)
{
    struct ifreq request = { 0 };
    int descriptor;
    int result;

    if (index == 0 || !if_indextoname(index, request.ifr_name))
        return 0;
    descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return 0;
    result = ioctl(descriptor, SIOCGIFMTU, &request);
    close(descriptor);
    return result == 0 ? (uint32_t)request.ifr_mtu : 0;
}
