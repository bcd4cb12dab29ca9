#include "oxide/router.h"

#include <string.h>

#include "router_table.h"

static inline uint64_t load(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

/* Names share their beginnings ("response.") and many their ends (".delta"): the middle tells most apart. */
static inline uint16_t slot_of(uint64_t middle, uint64_t end, size_t n)
{
    return slots[(((middle + n) * HASH_MIDDLE) ^ (end * HASH_END)) >> HASH_SHIFT];
}

#if defined(__GNUC__)
__attribute__((noinline, cold))
#endif
static uint16_t route_short(const char *p, size_t n)
{
    char padded[8] = {0};
    uint64_t word;
    uint16_t id;
    memcpy(padded, p, n);
    word = load(padded);
    id = slot_of(word, word, n);
    return id && routes[id].len == n && memcmp(routes[id].name, p, n) == 0 ? id : 0;
}

uint16_t ox_route(const char *p, size_t n)
{
    uint64_t end;
    uint16_t id;
    const char *name;
    if (n < 8)
        return n ? route_short(p, n) : 0;
    end = load(p + n - 8);
    id = slot_of(load(p + (n - 8) / 2), end, n);
    if (id == 0 || routes[id].len != n)
        return 0;
    name = routes[id].name;
    if (load(name + n - 8) != end)
        return 0;
    for (size_t i = 0; i + 8 < n; i += 8)
        if (load(name + i) != load(p + i))
            return 0;
    return id;
}

const char *ox_route_name(uint16_t id) { return id <= ROUTES ? routes[id].name : NULL; }

uint16_t ox_route_count(void) { return ROUTES; }
