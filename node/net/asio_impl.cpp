// The one translation unit that compiles Asio itself (BOOST_ASIO_SEPARATE_COMPILATION). Its TLS
// part is not used: tls_stream drives OpenSSL directly.
#include <boost/asio/impl/src.hpp>
