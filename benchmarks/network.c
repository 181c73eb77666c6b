/* SPDX-License-Identifier: BSD-3-Clause */
#include "network.h"

#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 32
#define TEXT_SIZE     512

/* Runs a command, its words parted by spaces, in a namespace. Returns whether it succeeded. */
static bool
run_in(int network_fd, const char *format, ...)
{
    char text[TEXT_SIZE], *words[ARGUMENTS_MAX], *rest = text;
    va_list arguments;
    int count = 0, wait_status;
    pid_t child;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (char *word; count < ARGUMENTS_MAX - 1 && (word = strsep(&rest, " ")) != NULL;)
        words[count++] = word;
    words[count] = NULL;
    child = fork();
    if (child == 0) {
        int null_fd = open("/dev/null", O_RDWR);

        dup2(null_fd, STDOUT_FILENO);
        dup2(null_fd, STDERR_FILENO);
        if (setns(network_fd, CLONE_NEWNET) == 0)
            execvp(words[0], words);
        _exit(127);
    }
    return child > 0 && waitpid(child, &wait_status, 0) == child && wait_status == 0;
}

/* A new namespace, in which we then are; -1: not possible. */
static int
new_network(void)
{
    return unshare(CLONE_NEWNET) == 0 ? open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC) : -1;
}

/* A cable from the bridge to a host; the file of the host's namespace is named through our process,
 * because namespaces without names have no other. */
static bool
lay_cable(const struct network *network, int host_fd, const char *near, const char *far)
{
    return run_in(network->bridge_fd,
                  "ip link add name %s type veth peer name %s netns /proc/%d/fd/%d", near, far,
                  (int)getpid(), host_fd) &&
           run_in(network->bridge_fd, "ip link set dev %s master br up", near) &&
           run_in(host_fd, "ip link set dev %s up", far);
}

static void
switch_off(const char *interface, unsigned command)
{
    struct ethtool_value value = { .cmd = command };
    struct ifreq request = { 0 };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    memcpy(request.ifr_name, interface, strlen(interface));
    request.ifr_data = (void *)&value;
    if (fd < 0)
        return;
    (void)ioctl(fd, SIOCETHTOOL, &request);
    close(fd);
}

/* The kernel's end of a cable: an address, and no merging of frames. */
static bool
set_up_kernel(int host_fd, const char *interface, const char *address)
{
    static const unsigned commands[] = { ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO };

    if (!run_in(host_fd, "ip address add %s/24 dev %s", address, interface) ||
        setns(host_fd, CLONE_NEWNET) != 0)
        return false;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        switch_off(interface, commands[i]);
    /* What one loss taught TCP is not to slow down the connections that come after. */
    return run_in(host_fd, "sysctl -qw net.ipv4.tcp_no_metrics_save=1");
}

static bool
lay_cables(const struct network *network)
{
    return run_in(network->bridge_fd, "ip link add name br type bridge") &&
           run_in(network->bridge_fd, "ip link set dev br up") &&
           lay_cable(network, network->our_fd, "ma", "wa") &&
           lay_cable(network, network->their_fd, "mb", "wb") &&
           lay_cable(network, network->our_fd, "sa", "ta") &&
           lay_cable(network, network->their_fd, "sb", "tb") &&
           set_up_kernel(network->their_fd, "tb", NETWORK_THEIR_ADDRESS) &&
           set_up_kernel(network->our_fd, "ta", NETWORK_OUR_ADDRESS);
}

enum myc_status
network_open(struct network *network, const char **reason)
{
    *network = (struct network){ -1, -1, -1 };
    network->bridge_fd = new_network();
    network->their_fd = new_network();
    network->our_fd = new_network();
    if (network->our_fd < 0) {
        *reason = "network namespaces cannot be made here (root is needed)";
    } else if (!lay_cables(network)) {
        *reason = "veth pairs and a bridge cannot be made here (iproute2 and the kernel's bridge "
                  "are needed)";
    } else if (network_set_loss(network, 0) != MYC_OK) {
        *reason = "nftables cannot drop frames on a bridge here (install nftables)";
    } else {
        return MYC_OK;
    }
    network_close(network);
    return MYC_IO_ERROR;
}

void
network_close(struct network *network)
{
    const int fds[] = { network->bridge_fd, network->their_fd, network->our_fd };

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    *network = (struct network){ -1, -1, -1 };
}

enum myc_status
network_set_loss(const struct network *network, unsigned per_10000)
{
    bool is_done =
        run_in(network->bridge_fd, "nft add table bridge loss") &&
        run_in(network->bridge_fd, "nft add chain bridge loss forward { type filter hook forward "
                                   "priority 0 ; }") &&
        run_in(network->bridge_fd, "nft flush chain bridge loss forward") &&
        (per_10000 == 0 || run_in(network->bridge_fd,
                                  "nft add rule bridge loss forward numgen random mod 10000 < %u "
                                  "drop",
                                  per_10000));

    return is_done ? MYC_OK : MYC_IO_ERROR;
}
