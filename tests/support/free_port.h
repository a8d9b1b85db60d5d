// A port of the loopback interface for a program that must be told one, and may start much later.
//
// It lies below the range from which the kernel takes the ports of outgoing connections, so no
// connection can get it meanwhile, and it is kept from other test processes until this one ends.
#ifndef PATHWAYS_TESTS_SUPPORT_FREE_PORT_H_
#define PATHWAYS_TESTS_SUPPORT_FREE_PORT_H_

namespace pathways::testing_support {

// 0 when there is none.
int FreePort();

}  // namespace pathways::testing_support

#endif  // PATHWAYS_TESTS_SUPPORT_FREE_PORT_H_
