/* Event names → route ids, by a perfect hash made from the API description's stream events. */
#ifndef OXIDE_ROUTER_H
#define OXIDE_ROUTER_H

#include <stddef.h>
#include <stdint.h>

/* The id of an event name (1 and up), or 0 when it is not one the API description lists. Reads p[0, n)
 * only. */
uint16_t ox_route(const char *p, size_t n);
/* The name of a route, NUL-terminated; NULL for 0 and for ids never given out. */
const char *ox_route_name(uint16_t id);
/* How many routes there are: ids run from 1 to this. */
uint16_t ox_route_count(void);

#endif
