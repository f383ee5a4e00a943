// The files that this process writes and that do not have their names yet, for the moment in which
// a signal ends it: nobody else can remove them then.
#pragma once

#include <string>

namespace mdn {

/// One such file. There is room for 64 at a time with paths of up to 1023 bytes: what is beyond
/// that is written as well, but stays where a signal ends the process.
class UnfinishedFile {
  public:
    UnfinishedFile() = default;
    ~UnfinishedFile() { forget(); }
    UnfinishedFile(const UnfinishedFile&) = delete;
    UnfinishedFile& operator=(const UnfinishedFile&) = delete;

    /// Makes the file and opens it for writing, as open() does with O_CREAT and O_EXCL: -1 and
    /// errno if it cannot. No signal comes between making and noting it.
    int create(const std::string& name);
    /// It has its name, or is removed.
    void forget();

  private:
    int place_ = -1;
};

/// Removes them all, for the handler of a signal, which must end the process next: whoever wants to
/// make another one waits for that. Calls only what a handler may call.
void remove_unfinished_files();

}  // namespace mdn
