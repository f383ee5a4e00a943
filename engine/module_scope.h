// Which module of a model is under way.
//
// A model's layers say so while they compute: `const ModuleScope in(module);`. The tape notes the
// module of each op, so the backward pass accounts its work to the same modules. Whoever wants to
// know reads module_under_way() (the profile does, at each kernel) or installs a ModuleObserver (a
// trace of slices, the journey of a clip, the graph of a step). Without an observer, a scope costs
// a few instructions.
#pragma once

#include <string>

#include "engine/tensor.h"

namespace mdn {

/// A dotted path as parameters have it, "backbone.layer1.0.conv1"; "" is no module. It comes from
/// module_name(), lives as long as the process, and equals another exactly if the pointers do.
using ModuleName = const char*;
ModuleName module_name(const std::string& path);

enum class Pass { forward, backward };

struct ModuleUnderWay {
    ModuleName module;
    Pass pass;
};

/// The innermost scope's, on this thread; no module and forward outside of all.
ModuleUnderWay module_under_way();

class ModuleObserver {
  public:
    virtual ~ModuleObserver() = default;
    /// Another module is under way from now on: a scope began or ended.
    virtual void moved_to(const ModuleUnderWay&) {}
    /// `part` of a module was computed in the forward pass; "" is the module's own output.
    virtual void gave(ModuleName, const char* part, const Tensor&) { static_cast<void>(part); }
};

/// Observes the scopes of this thread while it lives. The last one installed is told.
class ObserveModules {
  public:
    explicit ObserveModules(ModuleObserver& observer);
    ~ObserveModules();
    ObserveModules(const ObserveModules&) = delete;
    ObserveModules& operator=(const ObserveModules&) = delete;

  private:
    ModuleObserver* previous_;
};

/// While it lives, this module is under way on this thread.
class ModuleScope {
  public:
    explicit ModuleScope(ModuleName module, Pass pass = Pass::forward);
    ~ModuleScope();
    ModuleScope(const ModuleScope&) = delete;
    ModuleScope& operator=(const ModuleScope&) = delete;

    /// From now on this one is under way, in the same pass.
    void move_to(ModuleName module);

    /// `y`, after it was shown to the observer as the module's output, or as that part of it.
    Tensor output(Tensor y, const char* part = "") const;

  private:
    ModuleUnderWay previous_;
};

}  // namespace mdn
