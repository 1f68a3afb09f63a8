// A node as a command sees it: a Unix socket that answers each request as a test says.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace safar::cli {

struct FakeRequest {
    std::string method, target, body; // target as it came, percent-encoded
    std::string head;                 // the request line and the headers
};
struct FakeAnswer {
    int status = 200;
    std::string body;
    bool before_body = false; // answers when the header is there, and reads no more
    bool never = false;       // takes the request and says nothing
};

class FakeNode {
public:
    using Handler = std::function<FakeAnswer(const FakeRequest&)>;
    explicit FakeNode(Handler handler);
    ~FakeNode();
    [[nodiscard]] const std::string& directory() const { return directory_; }
    [[nodiscard]] std::vector<FakeRequest> requests();

private:
    void serve();
    void one(int fd);
    Handler handler_;
    std::string directory_;
    int listener_ = -1;
    std::mutex mutex_;
    std::vector<FakeRequest> requests_;
    std::thread thread_;
};

// The same answer to every request.
[[nodiscard]] FakeNode::Handler always(int status, std::string body);

struct Ran {
    int code = 0;
    std::string out, err;
};
// `safar ARGS` in this process, with --node where a directory is given.
[[nodiscard]] Ran run_safar(std::vector<std::string> arguments, const std::string& node = "");

// Only its owner may read it.
[[nodiscard]] bool is_private(const std::string& path);

// A directory under /tmp that goes when the test does.
class TempDir {
public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string file(const std::string& name, const std::string& text) const;

private:
    std::string path_;
};

} // namespace safar::cli
