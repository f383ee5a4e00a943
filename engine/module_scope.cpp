#include "engine/module_scope.h"

#include <mutex>
#include <set>

namespace mdn {

namespace {

constexpr ModuleName no_module = "";
thread_local ModuleUnderWay under_way{no_module, Pass::forward};
thread_local ModuleObserver* observer = nullptr;

void change_to(const ModuleUnderWay& next) {
    if (next.module == under_way.module && next.pass == under_way.pass) return;
    under_way = next;
    if (observer) observer->moved_to(next);
}

}  // namespace

ModuleName module_name(const std::string& path) {
    if (path.empty()) return no_module;
    static std::mutex mutex;
    static auto& names = *new std::set<std::string>;  // never destroyed: see ModuleName
    const std::scoped_lock lock(mutex);
    return names.insert(path).first->c_str();
}

ModuleUnderWay module_under_way() { return under_way; }

ObserveModules::ObserveModules(ModuleObserver& next) : previous_(observer) { observer = &next; }
ObserveModules::~ObserveModules() { observer = previous_; }

ModuleScope::ModuleScope(ModuleName module, Pass pass) : previous_(under_way) {
    change_to({module, pass});
}
ModuleScope::~ModuleScope() { change_to(previous_); }

void ModuleScope::move_to(ModuleName module) { change_to({module, under_way.pass}); }

Tensor ModuleScope::output(Tensor y, const char* part) const {
    if (observer) observer->gave(under_way.module, part, y);
    return y;
}

}  // namespace mdn
