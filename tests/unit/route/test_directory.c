/* The directory and its choice: nearest first, spread inside a data centre, next after a failure,
 * hedges elsewhere, breakers, removal and return. */
#include "route/directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t second = 1000000000;

static enum kf_status fill(void *context, uint8_t *out, size_t length)
{
    (void)context;
    memset(out, 7, length);
    return KF_OK;
}
static const struct kf_random fixed = {.fill = fill};

static const struct site {
    const char *id;
    struct route_point point;
    const char *country;
    const char *region_EU;
} sites[] = {
    {"par", {48856600, 2352200}, "FR", "yes"},   {"fra", {50110900, 8682100}, "DE", "yes"},
    {"ams", {52370200, 4895200}, "NL", "yes"},   {"nyc", {40712800, -74006000}, "US", "no"},
    {"sfo", {37774900, -122419400}, "US", "no"}, {"tyo", {35689500, 139691700}, "JP", "no"},
};
enum { SITES = sizeof sites / sizeof sites[0] };

static void put_site(struct route_directory *d, const struct site *s, const char *country)
{
    struct policy_attribute attributes[] = {{"country", country}, {"region_EU", s->region_EU}};
    assert_int_equal(route_put_datacenter(d, s->id, s->point, attributes, 2), KF_OK);
}

/* The world above seen from par-1, three machines each, all ready. */
static struct route_directory *world(void)
{
    struct route_directory *d;
    assert_int_equal(route_directory_new(&d, "par", "par-1", &fixed), KF_OK);
    for (int i = 0; i < SITES; i++) {
        put_site(d, &sites[i], sites[i].country);
        for (int m = 1; m <= 3; m++) {
            char id[16], address[32];
            uint32_t n;
            snprintf(id, sizeof id, "%s-%d", sites[i].id, m);
            snprintf(address, sizeof address, "192.0.2.%d:%d", i, 9000 + m);
            assert_int_equal(route_put_machine(d, id, sites[i].id, address, true), KF_OK);
            assert_true(route_find_machine(&n, d, id));
            route_machine_at(d, n)->ready = true;
        }
    }
    return d;
}

static struct route_set set_of(const struct route_directory *d, const char *text)
{
    struct policy *policy;
    struct route_set set;
    assert_int_equal(policy_parse(&policy, text, strlen(text), NULL, NULL), KF_OK);
    route_satisfying(&set, d, policy);
    policy_free(policy);
    return set;
}

static void expect_set(const struct route_directory *d, const char *policy, const char *ids)
{
    struct route_set set = set_of(d, policy);
    char got[256] = "";
    for (uint32_t i = 0; i < route_datacenter_count(d); i++)
        if (route_set_has(&set, i))
            snprintf(got + strlen(got), sizeof got - strlen(got), " %s",
                     route_datacenter_at(d, i)->id);
    assert_string_equal(got, ids);
}

static const char *dc_of(const struct route_directory *d, uint32_t machine)
{
    return route_datacenter_at(d, route_machine_at(d, machine)->datacenter)->id;
}

static void note(struct route_attempts *a, const struct route_directory *d, uint32_t machine,
                 bool over)
{
    a->list[a->count].machine = machine;
    a->list[a->count].datacenter = route_machine_at(d, machine)->datacenter;
    a->list[a->count].over = over;
    a->count++;
}

static void policies_select(void **state)
{
    (void)state;
    struct route_directory *d = world();
    expect_set(d, "region_EU: yes and not country: FR", " fra ams");
    expect_set(d, "country: US or country: JP", " nyc sfo tyo");
    expect_set(d, "country: IT", "");
    uint64_t version = route_directory_version(d);
    put_site(d, &sites[4], "CA"); /* the registry corrects itself */
    assert_true(route_directory_version(d) != version);
    expect_set(d, "country: US or country: JP", " nyc tyo");
    route_remove_datacenter(d, "tyo");
    expect_set(d, "country: US or country: JP", " nyc");
    put_site(d, &sites[5], "JP");
    expect_set(d, "country: US or country: JP", " nyc tyo");
    route_directory_free(d);
}

static void nearest_first(void **state)
{
    (void)state;
    struct route_directory *d = world();
    struct route_set all = set_of(d, "region_EU: no or region_EU: yes");
    uint32_t near[8];
    assert_int_equal(route_nearest(near, 8, d, &all), 6);
    const char *order[] = {"par", "ams", "fra", "nyc", "sfo", "tyo"};
    for (int i = 0; i < 6; i++)
        assert_string_equal(route_datacenter_at(d, near[i])->id, order[i]);
    /* Measured round trips overrule the map: frankfurt turns out nearer than amsterdam. */
    uint32_t fra;
    assert_true(route_find_datacenter(&fra, d, "fra"));
    route_window_add(&route_datacenter_at(d, fra)->pings, 2000);
    assert_int_equal(route_distance_us(d, fra), 2000);
    assert_int_equal(route_nearest(near, 3, d, &all), 3);
    assert_string_equal(route_datacenter_at(d, near[1])->id, "fra");
    assert_string_equal(route_datacenter_at(d, near[2])->id, "ams");
    route_directory_free(d);
}

static void next_after_failure(void **state)
{
    (void)state;
    struct route_directory *d = world();
    struct route_set eu = set_of(d, "region_EU: yes");
    struct route_attempts tried = {0};
    uint32_t m;
    /* The own data centre's other machines, then two of the next one, and so on; never par-1. */
    const char *order[] = {"par", "par", "ams", "ams", "fra", "fra"};
    for (int i = 0; i < 6; i++) {
        assert_true(route_choose(&m, d, &eu, &tried, ROUTE_RETRY, second));
        assert_string_equal(dc_of(d, m), order[i]);
        assert_string_not_equal(route_machine_at(d, m)->id, "par-1");
        for (uint32_t k = 0; k < tried.count; k++)
            assert_int_not_equal(tried.list[k].machine, m);
        note(&tried, d, m, true);
    }
    assert_false(route_choose(&m, d, &eu, &tried, ROUTE_RETRY, second));
    route_directory_free(d);
}

static void hedges_go_elsewhere(void **state)
{
    (void)state;
    struct route_directory *d = world();
    struct route_set us = set_of(d, "not region_EU: yes");
    struct route_attempts tried = {0};
    uint32_t m;
    assert_true(route_choose(&m, d, &us, &tried, ROUTE_RETRY, second));
    assert_string_equal(dc_of(d, m), "nyc");
    note(&tried, d, m, false);
    assert_true(route_choose(&m, d, &us, &tried, ROUTE_HEDGE, second));
    assert_string_equal(dc_of(d, m), "sfo");
    note(&tried, d, m, false);
    /* The first fails while the hedge is out: not where one is out, so nyc's second machine. */
    tried.list[0].over = true;
    assert_true(route_choose(&m, d, &us, &tried, ROUTE_RETRY, second));
    assert_string_equal(dc_of(d, m), "nyc");
    /* But not while its first is out, even with nothing else left. */
    struct route_set only_nyc = {0};
    route_set_add(&only_nyc, tried.list[0].datacenter);
    tried.list[0].over = false;
    assert_false(route_choose(&m, d, &only_nyc, &tried, ROUTE_RETRY, second));
    tried.list[0].over = true;
    assert_true(route_choose(&m, d, &only_nyc, &tried, ROUTE_RETRY, second));
    /* A hedge never goes to a data centre that was asked, nor to one not ready. */
    for (uint32_t i = 0; i < route_machine_count(d); i++)
        if (strncmp(route_machine_at(d, i)->id, "tyo", 3) == 0)
            route_machine_at(d, i)->ready = false;
    assert_false(route_choose(&m, d, &us, &tried, ROUTE_HEDGE, second));
    route_directory_free(d);
}

static void load_spreads(void **state)
{
    (void)state;
    struct route_directory *d = world();
    struct route_set fra = set_of(d, "country: DE");
    struct route_attempts none = {0};
    uint32_t count[64] = {0}, m;
    for (int i = 0; i < 3000; i++) {
        assert_true(route_choose(&m, d, &fra, &none, ROUTE_RETRY, second));
        count[m]++;
        route_machine_at(d, m)->in_flight++;
    }
    for (uint32_t i = 0; i < route_machine_count(d); i++)
        if (count[i] != 0)
            assert_in_range(count[i], 990, 1010); /* two choices keep it almost even */
    route_directory_free(d);
}

static void breakers_steer(void **state)
{
    (void)state;
    struct route_directory *d = world();
    struct route_set us = set_of(d, "country: US");
    struct route_attempts none = {0};
    uint32_t m, nyc;
    assert_true(route_find_datacenter(&nyc, d, "nyc"));
    assert_string_equal(route_datacenter_breaker(d, nyc, second), "closed");
    for (uint32_t i = 0; i < route_machine_count(d); i++)
        if (route_machine_at(d, i)->datacenter == nyc)
            route_breaker_trip(&route_machine_at(d, i)->breaker, second);
    assert_string_equal(route_datacenter_breaker(d, nyc, second), "open");
    assert_true(route_choose(&m, d, &us, &none, ROUTE_RETRY, second + 1));
    assert_string_equal(dc_of(d, m), "sfo");
    /* Everything is broken: the nearest is tried once, rather than nothing at all. */
    for (uint32_t i = 0; i < route_machine_count(d); i++)
        if (strcmp(dc_of(d, i), "sfo") == 0)
            route_breaker_trip(&route_machine_at(d, i)->breaker, second);
    assert_true(route_choose(&m, d, &us, &none, ROUTE_RETRY, second + 1));
    assert_string_equal(dc_of(d, m), "nyc");
    note(&none, d, m, true);
    assert_false(route_choose(&m, d, &us, &none, ROUTE_RETRY, second + 1));
    /* Later the probe may go. */
    struct route_attempts later = {0};
    uint64_t now = second + ROUTE_BREAKER_OPEN_MS * 1000000ull;
    assert_string_equal(route_datacenter_breaker(d, nyc, now), "half-open");
    assert_true(route_choose(&m, d, &us, &later, ROUTE_RETRY, now));
    assert_string_equal(dc_of(d, m), "nyc");
    route_directory_free(d);
}

static void ready_before_near(void **state)
{
    (void)state;
    struct route_directory *d = world();
    struct route_set us = set_of(d, "country: US");
    struct route_attempts none = {0};
    uint32_t m;
    for (uint32_t i = 0; i < route_machine_count(d); i++)
        route_machine_at(d, i)->ready = strcmp(dc_of(d, i), "sfo") == 0;
    assert_true(route_choose(&m, d, &us, &none, ROUTE_RETRY, second));
    assert_string_equal(dc_of(d, m), "sfo");
    for (uint32_t i = 0; i < route_machine_count(d); i++)
        route_machine_at(d, i)->ready = false;
    assert_true(route_choose(&m, d, &us, &none, ROUTE_RETRY, second));
    assert_string_equal(dc_of(d, m), "nyc"); /* has to be connected first */
    route_directory_free(d);
}

static void machines_come_and_go(void **state)
{
    (void)state;
    struct route_directory *d = world();
    struct route_set de = set_of(d, "country: DE");
    struct route_attempts none = {0};
    uint32_t m, n;
    route_remove_machine(d, "fra-1");
    assert_int_equal(route_put_machine(d, "fra-2", "fra", "192.0.2.1:9002", false), KF_OK);
    for (int i = 0; i < 50; i++) {
        assert_true(route_choose(&m, d, &de, &none, ROUTE_RETRY, second));
        assert_string_equal(route_machine_at(d, m)->id, "fra-3");
    }
    /* It moves to another data centre, keeps its number, and is not counted twice. */
    assert_true(route_find_machine(&n, d, "fra-3"));
    assert_int_equal(route_put_machine(d, "fra-3", "nyc", "192.0.2.9:1", true), KF_OK);
    assert_false(route_machine_at(d, n)->ready); /* another address: nothing known */
    assert_false(route_choose(&m, d, &de, &none, ROUTE_RETRY, second));
    uint32_t nyc, partners[8];
    assert_true(route_find_datacenter(&nyc, d, "nyc"));
    assert_int_equal(route_partners(partners, 8, d, nyc), 4);
    assert_int_equal(route_machine_count(d), SITES * 3);
    route_directory_free(d);
}

static void partners_differ(void **state)
{
    (void)state;
    /* A hundred asking machines, each wanting two of twenty: every one of the twenty is wanted, and
     * the choice of one asking machine does not change when others join. */
    uint32_t wanted[32] = {0};
    for (int asking = 0; asking < 100; asking++) {
        struct route_directory *d;
        char own[16], id[16];
        uint32_t dc, out[3];
        snprintf(own, sizeof own, "x-%d", asking);
        assert_int_equal(route_directory_new(&d, "here", own, &fixed), KF_OK);
        for (int i = 0; i < 20; i++) {
            snprintf(id, sizeof id, "y-%d", i);
            assert_int_equal(route_put_machine(d, id, "there", "192.0.2.1:1", true), KF_OK);
        }
        assert_true(route_find_datacenter(&dc, d, "there"));
        assert_int_equal(route_partners(out, 2, d, dc), 2);
        wanted[out[0]]++;
        wanted[out[1]]++;
        uint32_t again[3];
        assert_int_equal(route_partners(again, 3, d, dc), 3);
        assert_int_equal(again[0], out[0]);
        assert_int_equal(again[1], out[1]);
        route_directory_free(d);
    }
    for (uint32_t i = 1; i <= 20; i++)
        assert_in_range(wanted[i], 2, 25);
}

static void refuses_what_is_too_much(void **state)
{
    (void)state;
    struct route_directory *d;
    char id[80];
    struct route_point p = {0};
    assert_int_equal(route_directory_new(&d, "here", "m", &fixed), KF_OK);
    memset(id, 'a', sizeof id);
    id[64] = '\0';
    assert_int_equal(route_put_datacenter(d, id, p, NULL, 0), KF_ERR_MALFORMED);
    assert_int_equal(route_put_datacenter(d, "", p, NULL, 0), KF_ERR_MALFORMED);
    assert_int_equal(route_put_machine(d, id, "here", "a:1", true), KF_ERR_MALFORMED);
    for (int i = 1; i < ROUTE_DATACENTERS_MAX; i++) {
        snprintf(id, sizeof id, "dc-%d", i);
        assert_int_equal(route_put_datacenter(d, id, p, NULL, 0), KF_OK);
    }
    assert_int_equal(route_put_datacenter(d, "one-more", p, NULL, 0), KF_ERR_LIMIT);
    assert_int_equal(route_put_datacenter(d, "dc-7", p, NULL, 0), KF_OK);
    for (int i = 1; i < ROUTE_DATACENTERS_MAX; i++) {
        uint32_t n;
        snprintf(id, sizeof id, "dc-%d", i);
        assert_true(route_find_datacenter(&n, d, id));
        assert_string_equal(route_datacenter_at(d, n)->id, id);
    }
    route_directory_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_select),    cmocka_unit_test(nearest_first),
        cmocka_unit_test(next_after_failure), cmocka_unit_test(hedges_go_elsewhere),
        cmocka_unit_test(load_spreads),       cmocka_unit_test(breakers_steer),
        cmocka_unit_test(ready_before_near),  cmocka_unit_test(machines_come_and_go),
        cmocka_unit_test(partners_differ),    cmocka_unit_test(refuses_what_is_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
