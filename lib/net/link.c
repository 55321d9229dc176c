#include "net/link_int.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

void net_link_close(struct net_link *link)
{
    if (link->bev != NULL)
        bufferevent_free(link->bev);
    link->bev = NULL;
    link->ssl = NULL;
    link->up = false;
}

static void go_down(struct net_link *link, enum kf_status status, const char *reason)
{
    net_link_close(link);
    link->events->down(link->context, status, reason);
}

/* Closes once what is queued has been sent. */
static void finish(struct net_link *link, const char *reason)
{
    link->closing = true;
    (void)bufferevent_disable(link->bev, EV_READ);
    if (evbuffer_get_length(bufferevent_get_output(link->bev)) == 0)
        go_down(link, KF_ERR_UNSUPPORTED, reason);
}

/* True when the stream can still be followed. */
static bool deliver(struct net_link *link, const uint8_t *frame, size_t length)
{
    struct keyless_message message;
    enum kf_status status = keyless_frame_read(&message, frame, length);
    if (status == KF_OK) {
        link->events->message(link->context, &message);
        return true;
    }
    struct keyless_header header = {0};
    if (keyless_frame_header(&header, frame, length) != KF_OK ||
        ++link->malformed > NET_MALFORMED_MAX) {
        go_down(link, KF_ERR_MALFORMED, "too many malformed frames");
        return false;
    }
    link->events->malformed(link->context, header.id, KEYLESS_ERR_FORMAT);
    return true;
}

/* Takes one frame off the input. False when none is complete or the link is closed. */
static bool take_frame(struct net_link *link)
{
    struct evbuffer *input = bufferevent_get_input(link->bev);
    size_t have = evbuffer_get_length(input);
    size_t needed = 0;
    uint8_t head[KEYLESS_HEADER_LENGTH];
    ssize_t copied = evbuffer_copyout(input, head, sizeof head);
    if (copied < 0)
        return false;
    enum kf_status status = keyless_frame_measure(&needed, head, (size_t)copied, KEYLESS_BODY_MAX);
    if (status != KF_OK) {
        struct keyless_header header = {0};
        if (keyless_frame_header(&header, head, (size_t)copied) == KF_OK)
            link->events->malformed(link->context, header.id, KEYLESS_ERR_VERSION);
        if (link->bev != NULL)
            finish(link, "another version of the protocol");
        return false;
    }
    if (have < KEYLESS_HEADER_LENGTH || have < needed) {
        uint64_t now = net_loop_now_ns(link->loop);
        if (have == 0)
            link->frame_at_ns = 0;
        else if (link->frame_at_ns == 0)
            link->frame_at_ns = now;
        else if (now - link->frame_at_ns > (uint64_t)NET_FRAME_SECONDS * 1000000000u)
            go_down(link, KF_ERR_TIMEOUT, "a frame came too slowly");
        return false;
    }
    link->frame_at_ns = 0;
    const uint8_t *frame = evbuffer_pullup(input, (ev_ssize_t)needed);
    if (frame == NULL) {
        go_down(link, KF_ERR_MEMORY, "no memory");
        return false;
    }
    if (!deliver(link, frame, needed) || link->bev == NULL)
        return false;
    evbuffer_drain(input, needed);
    return true;
}

static void on_read(struct bufferevent *bev, void *context)
{
    struct net_link *link = context;
    (void)bev;
    link->read_at_ns = net_loop_now_ns(link->loop);
    /* The owner may pause reading or close the link from any message. */
    while (link->bev != NULL && (bufferevent_get_enabled(link->bev) & EV_READ) != 0 &&
           take_frame(link))
        ;
}

static void on_write(struct bufferevent *bev, void *context)
{
    struct net_link *link = context;
    if (link->closing && evbuffer_get_length(bufferevent_get_output(bev)) == 0) {
        go_down(link, KF_OK, "closed");
        return;
    }
    if (link->events->writable != NULL)
        link->events->writable(link->context);
}

static void no_delay(struct bufferevent *bev)
{
    int one = 1;
    /* Fails for Unix sockets, where it means nothing. */
    (void)setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void on_event(struct bufferevent *bev, short what, void *context)
{
    struct net_link *link = context;
    int error = EVUTIL_SOCKET_ERROR();
    char reason[256];
    if ((what & BEV_EVENT_CONNECTED) != 0) {
        link->up = true;
        link->read_at_ns = net_loop_now_ns(link->loop);
        no_delay(bev);
        link->events->up(link->context);
        return;
    }
    if ((what & BEV_EVENT_TIMEOUT) != 0) {
        go_down(link, KF_ERR_TIMEOUT,
                (what & BEV_EVENT_READING) != 0 ? "silent for too long" : "does not take bytes");
        return;
    }
    if (link->ssl != NULL)
        net_tls_problem(reason, sizeof reason, link->ssl, bufferevent_get_openssl_error(bev),
                        &link->expectation);
    else
        snprintf(reason, sizeof reason, "%s", "connection lost");
    bool specific = strcmp(reason, "connection lost") != 0;
    if (!specific && (what & BEV_EVENT_ERROR) != 0 && error != 0)
        snprintf(reason, sizeof reason, "%s", evutil_socket_error_to_string(error));
    else if (!specific && (what & BEV_EVENT_EOF) != 0 && link->up)
        snprintf(reason, sizeof reason, "closed by the other side");
    else if (!specific && !link->up)
        snprintf(reason, sizeof reason, "no connection: refused or unreachable");
    go_down(link, KF_ERR_UNAVAILABLE, reason);
}

static enum kf_status prepare(struct net_link *link, int fd, const struct net_tls *tls, bool server)
{
    struct event_base *base = net_loop_base(link->loop);
    int options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
    link->ssl = NULL;
    link->up = false;
    link->closing = false;
    link->malformed = 0;
    link->frame_at_ns = 0;
    link->read_at_ns = net_loop_now_ns(link->loop);
    link->expectation.problem[0] = '\0';
    if (tls == NULL) {
        link->bev = bufferevent_socket_new(base, fd, options);
    } else {
        link->ssl = net_tls_start(tls, server, &link->expectation);
        if (link->ssl == NULL)
            return KF_ERR_MEMORY;
        link->bev = bufferevent_openssl_socket_new(
            base, fd, link->ssl, server ? BUFFEREVENT_SSL_ACCEPTING : BUFFEREVENT_SSL_CONNECTING,
            options);
    }
    if (link->bev == NULL) {
        SSL_free(link->ssl);
        link->ssl = NULL;
        return KF_ERR_MEMORY;
    }
    if (tls != NULL)
        bufferevent_openssl_set_allow_dirty_shutdown(link->bev, 1);
    bufferevent_setcb(link->bev, on_read, on_write, on_event, link);
    bufferevent_setwatermark(link->bev, EV_WRITE, link->output_max / 4, 0);
    return KF_OK;
}

enum kf_status net_link_accept(struct net_link *link, int fd, const struct net_tls *tls)
{
    enum kf_status status = prepare(link, fd, tls, true);
    if (status != KF_OK)
        return status;
    if (tls == NULL) {
        link->up = true; /* there is no handshake to wait for */
        no_delay(link->bev);
    }
    if (bufferevent_enable(link->bev, EV_READ | EV_WRITE) != 0) {
        bufferevent_setfd(link->bev, -1); /* the descriptor stays the caller's */
        net_link_close(link);
        return KF_ERR_MEMORY;
    }
    return KF_OK;
}

enum kf_status net_link_connect(struct net_link *link, const struct net_address *address,
                                const struct net_tls *tls)
{
    struct sockaddr_storage to;
    socklen_t length = 0;
    enum kf_status status = prepare(link, -1, tls, false);
    if (status != KF_OK)
        return status;
    int rc;
    if (net_address_numeric(&to, &length, address) == KF_OK) {
        rc = bufferevent_socket_connect(link->bev, (struct sockaddr *)&to, (int)length);
    } else {
        struct evdns_base *dns = net_loop_dns(link->loop);
        rc = dns == NULL ? -1
                         : bufferevent_socket_connect_hostname(link->bev, dns, AF_UNSPEC,
                                                               address->host, address->port);
    }
    if (rc == 0)
        rc = bufferevent_enable(link->bev, EV_READ | EV_WRITE);
    if (rc != 0) {
        net_link_close(link);
        return KF_ERR_UNAVAILABLE;
    }
    return KF_OK;
}

enum kf_status net_link_send(struct net_link *link, const struct keyless_message *message)
{
    if (link->bev == NULL || link->closing)
        return KF_ERR_UNAVAILABLE;
    struct evbuffer *output = bufferevent_get_output(link->bev);
    size_t length = 0;
    enum kf_status status =
        keyless_frame_write(link->loop->frame, &length, sizeof link->loop->frame, message);
    if (status != KF_OK)
        return KF_ERR_MALFORMED;
    if (evbuffer_get_length(output) + length > link->output_max)
        return KF_ERR_LIMIT;
    return evbuffer_add(output, link->loop->frame, length) == 0 ? KF_OK : KF_ERR_MEMORY;
}

size_t net_link_output(const struct net_link *link)
{
    return link->bev == NULL ? 0 : evbuffer_get_length(bufferevent_get_output(link->bev));
}

void net_link_pause(struct net_link *link, bool pause)
{
    if (link->bev == NULL)
        return;
    if (pause) {
        (void)bufferevent_disable(link->bev, EV_READ);
        return;
    }
    (void)bufferevent_enable(link->bev, EV_READ);
    /* Whole frames may already be waiting in the input. */
    bufferevent_trigger(link->bev, EV_READ, BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

void net_link_idle_timeout(struct net_link *link, uint32_t read_seconds, uint32_t write_seconds)
{
    struct timeval read = {.tv_sec = (time_t)read_seconds};
    struct timeval write = {.tv_sec = (time_t)write_seconds};
    if (link->bev != NULL)
        bufferevent_set_timeouts(link->bev, read_seconds == 0 ? NULL : &read,
                                 write_seconds == 0 ? NULL : &write);
}
