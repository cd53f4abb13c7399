#ifndef SUBMETER_CLIBYAML_SHIM_H
#define SUBMETER_CLIBYAML_SHIM_H

#include <yaml.h>

#endif
