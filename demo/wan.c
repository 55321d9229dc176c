/* keyfence-wan: distance between cities, for the demo and the tests.
 *
 *   keyfence-wan < PLAN
 *
 * PLAN is lines of text: `site NAMESPACE ADDRESS` for each network namespace to connect (at most
 * 64), then `delay ADDRESS ADDRESS MICROSECONDS` for the one-way delay between two of them. In each
 * namespace it makes a TUN interface `kf0`, and carries every IPv4 packet from the interface it
 * came out of to the one that owns its destination, after that pair's delay. Packets between the
 * same two sites keep their order. It prints `ready` when the interfaces exist (the caller gives
 * them their addresses) and runs until SIGTERM.
 *
 * Not part of the product: it exists because not every kernel has the netem queue discipline. It
 * needs CAP_SYS_ADMIN and CAP_NET_ADMIN. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { SITES_MAX = 64, PACKET_MAX = 2048, QUEUE_MAX = 65536, IPV4_HEADER = 20 };

struct site {
    uint32_t address; /* network order */
    int tun;
};

struct packet {
    uint64_t due_ns;
    uint64_t sequence; /* ties keep their order */
    int to;
    size_t length;
    uint8_t bytes[PACKET_MAX];
};

struct wan {
    struct site sites[SITES_MAX];
    int site_count;
    uint64_t delay_ns[SITES_MAX][SITES_MAX];
    struct packet *heap[QUEUE_MAX]; /* a binary heap, the earliest first */
    size_t waiting;
    uint64_t sequence;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int find_site(const struct wan *wan, uint32_t address)
{
    for (int i = 0; i < wan->site_count; i++) {
        if (wan->sites[i].address == address) {
            return i;
        }
    }
    return -1;
}

/* Opens /dev/net/tun inside the namespace: the interface then lives there. */
static int open_tun(const char *name, int home)
{
    char path[256];
    (void)snprintf(path, sizeof path, "/run/netns/%s", name);
    int ns = open(path, O_RDONLY | O_CLOEXEC);
    if (ns < 0 || setns(ns, CLONE_NEWNET) != 0) {
        (void)fprintf(stderr, "keyfence-wan: cannot enter the namespace %s: %m\n", path);
        return -1;
    }
    (void)close(ns);
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    (void)snprintf(request.ifr_name, sizeof request.ifr_name, "kf0");
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0) {
        (void)fprintf(stderr, "keyfence-wan: cannot make a TUN interface in %s: %m\n", name);
        return -1;
    }
    if (setns(home, CLONE_NEWNET) != 0) {
        perror("keyfence-wan: setns back");
        return -1;
    }
    return fd;
}

static int add_site(struct wan *wan, const char *name, const char *address, int home)
{
    struct in_addr parsed;
    if (wan->site_count == SITES_MAX || inet_pton(AF_INET, address, &parsed) != 1) {
        (void)fprintf(stderr, "keyfence-wan: bad site %s %s\n", name, address);
        return -1;
    }
    int tun = open_tun(name, home);
    if (tun < 0) {
        return -1;
    }
    wan->sites[wan->site_count++] = (struct site){.address = parsed.s_addr, .tun = tun};
    return 0;
}

static int add_delay(struct wan *wan, const char *from, const char *to, unsigned long micros)
{
    struct in_addr a;
    struct in_addr b;
    if (inet_pton(AF_INET, from, &a) != 1 || inet_pton(AF_INET, to, &b) != 1) {
        return -1;
    }
    int i = find_site(wan, a.s_addr);
    int j = find_site(wan, b.s_addr);
    if (i < 0 || j < 0 || micros > 10000000) {
        (void)fprintf(stderr, "keyfence-wan: bad delay %s %s %lu\n", from, to, micros);
        return -1;
    }
    wan->delay_ns[i][j] = wan->delay_ns[j][i] = micros * 1000u;
    return 0;
}

static int read_plan(struct wan *wan, int home)
{
    char line[512];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char a[128];
        char b[128];
        unsigned long micros = 0;
        int rc = -1;
        if (sscanf(line, "site %127s %127s", a, b) == 2) {
            rc = add_site(wan, a, b, home);
        } else if (sscanf(line, "delay %127s %127s %lu", a, b, &micros) == 3) {
            rc = add_delay(wan, a, b, micros);
        } else {
            (void)fprintf(stderr, "keyfence-wan: not understood: %s", line);
        }
        if (rc != 0) {
            return -1;
        }
    }
    return wan->site_count > 0 ? 0 : -1;
}

static int earlier(const struct packet *a, const struct packet *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->sequence < b->sequence;
}

static void heap_push(struct wan *wan, struct packet *p)
{
    size_t at = wan->waiting++;
    while (at > 0 && earlier(p, wan->heap[(at - 1) / 2])) {
        wan->heap[at] = wan->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    wan->heap[at] = p;
}

static struct packet *heap_pop(struct wan *wan)
{
    struct packet *first = wan->heap[0];
    struct packet *last = wan->heap[--wan->waiting];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= wan->waiting) {
            break;
        }
        if (child + 1 < wan->waiting && earlier(wan->heap[child + 1], wan->heap[child])) {
            child++;
        }
        if (!earlier(wan->heap[child], last)) {
            break;
        }
        wan->heap[at] = wan->heap[child];
        at = child;
    }
    wan->heap[at] = last;
    return first;
}

/* Reads what one site sends; a full queue or an unknown destination drops, as a network may. */
static void take_from(struct wan *wan, int from)
{
    for (;;) {
        uint8_t bytes[PACKET_MAX];
        ssize_t n = read(wan->sites[from].tun, bytes, sizeof bytes);
        if (n < IPV4_HEADER) {
            return;
        }
        uint32_t destination;
        memcpy(&destination, bytes + 16, sizeof destination);
        int to = bytes[0] >> 4 == 4 ? find_site(wan, destination) : -1;
        if (to < 0 || wan->waiting == QUEUE_MAX) {
            continue;
        }
        struct packet *p = malloc(sizeof *p);
        if (p == NULL) {
            continue;
        }
        p->due_ns = now_ns() + wan->delay_ns[from][to];
        p->sequence = wan->sequence++;
        p->to = to;
        p->length = (size_t)n;
        memcpy(p->bytes, bytes, (size_t)n);
        heap_push(wan, p);
    }
}

static void deliver_due(struct wan *wan)
{
    uint64_t now = now_ns();
    while (wan->waiting > 0 && wan->heap[0]->due_ns <= now) {
        struct packet *p = heap_pop(wan);
        ssize_t ignored = write(wan->sites[p->to].tun, p->bytes, p->length);
        (void)ignored; /* an interface that is down loses packets */
        free(p);
    }
}

static void carry(struct wan *wan)
{
    struct pollfd fds[SITES_MAX];
    for (int i = 0; i < wan->site_count; i++) {
        fds[i] = (struct pollfd){.fd = wan->sites[i].tun, .events = POLLIN};
    }
    for (;;) {
        struct timespec wait = {0};
        if (wan->waiting > 0) {
            uint64_t now = now_ns();
            uint64_t due = wan->heap[0]->due_ns;
            uint64_t left = due > now ? due - now : 0;
            wait.tv_sec = (time_t)(left / 1000000000u);
            wait.tv_nsec = (long)(left % 1000000000u);
        }
        int n = ppoll(fds, (nfds_t)wan->site_count, wan->waiting > 0 ? &wait : NULL, NULL);
        if (n < 0 && errno != EINTR) {
            perror("keyfence-wan: poll");
            return;
        }
        for (int i = 0; i < wan->site_count; i++) {
            if (n > 0 && (fds[i].revents & POLLIN) != 0) {
                take_from(wan, i);
            }
        }
        deliver_due(wan);
    }
}

int main(void)
{
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    struct wan *wan = calloc(1, sizeof *wan);
    if (home < 0 || wan == NULL) {
        perror("keyfence-wan");
        return 1;
    }
    if (read_plan(wan, home) != 0) {
        return 1;
    }
    (void)printf("ready\n");
    (void)fflush(stdout);
    carry(wan);
    return 1;
}
