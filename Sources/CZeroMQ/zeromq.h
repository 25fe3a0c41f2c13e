// libzmq as it is: every constant and function that Transport uses is importable without a shim.
#ifndef STARLING_ZEROMQ_H
#define STARLING_ZEROMQ_H

#include <zmq.h>

#endif
