// The kernel contract once more: each call is reported to an observer (its family, bytes and
// operations) and passed on to the device's kernels.
#pragma once

#include <exception>

#include "engine/call_observer.h"
#include "engine/kernels.h"

namespace mdn {

class ProfilingKernels final : public Kernels {
  public:
    ProfilingKernels(Kernels& inner, CallObserver& profile) : inner_(inner), profile_(profile) {}

    std::string device_name() const override { return inner_.device_name(); }
    void allow_tf32() override { inner_.allow_tf32(); }
    bool fuses() const override { return inner_.fuses(); }
    bool finishes() const override { return inner_.finishes(); }
#define KERNEL(name, parameters, arguments, family, ...)       \
    void name parameters override {                            \
        const Call call(profile_, #name, family, __VA_ARGS__); \
        inner_.name arguments;                                 \
    }
#include "engine/kernel_list.h"

  private:
    class Call {
      public:
        Call(CallObserver& profile, const char* kernel, const char* family, double bytes,
             double operations = 0)
            : profile_(profile) {
            profile.begin(kernel, family, bytes, operations);
        }
        /// What goes wrong with the device's clock is thrown, unless something else is already.
        ~Call() noexcept(false) {
            try {
                profile_.end();
            } catch (...) {
                if (std::uncaught_exceptions() == exceptions_) throw;
            }
        }
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;

      private:
        CallObserver& profile_;
        int exceptions_ = std::uncaught_exceptions();
    };

    template <class... Tensors>
    static double bytes_of(const Tensors&... tensors) {
        return (0.0 + ... + (tensors.defined() ? static_cast<double>(tensors.bytes()) : 0.0));
    }

    static double bytes_of(const std::vector<Tensor>& tensors) {
        double bytes = 0;
        for (const Tensor& tensor : tensors) bytes += bytes_of(tensor);
        return bytes;
    }

    /// Four tensors of a norm are read and three written, each as large as its mean.
    static double bytes_of(const std::vector<BatchNormToFold>& norms) {
        double bytes = 0;
        for (const BatchNormToFold& norm : norms) bytes += 7 * bytes_of(norm.running.mean);
        return bytes;
    }

    static double bytes_of_gradients(const ParameterTable& parameters) {
        double bytes = 0;
        for (const ParameterSlot& slot : parameters.slots) bytes += bytes_of(slot.grad);
        return bytes;
    }

    /// Multiply-adds that one output of a convolution takes.
    static double filter_size(const Tensor& weight) {
        return static_cast<double>(weight.numel() / weight.dim(0));
    }

    Kernels& inner_;
    CallObserver& profile_;
};

}  // namespace mdn
