// libcurl and libevent in one module: both pull in <sys/select.h>, and two modules that do so clash in debug builds.
#ifndef SUBMETER_CNETWORK_SHIM_H
#define SUBMETER_CNETWORK_SHIM_H

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <event2/util.h>

#endif
