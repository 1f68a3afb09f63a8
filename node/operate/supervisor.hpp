// What a node tells whoever started it and waits: systemd, by the protocol of sd_notify(3).
#pragma once

#include <string_view>

namespace safar {

// One datagram to the socket that $NOTIFY_SOCKET names: a path, or "@name" of the abstract ones.
// False: nobody waits, or it can not be reached, which hinders nothing here. Threads: any, as long
// as none changes the environment.
bool tell_supervisor(std::string_view state);

} // namespace safar
