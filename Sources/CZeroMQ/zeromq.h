// libzmq as it is: every constant and function that Transport uses is importable without a shim.
#ifndef STARLING_ZEROMQ_H
#define STARLING_ZEROMQ_H

// A thread that waits for ZeroMQ sockets is woken through an event; Glibc's module lacks it.
#include <sys/eventfd.h>

#include <zmq.h>

#endif
