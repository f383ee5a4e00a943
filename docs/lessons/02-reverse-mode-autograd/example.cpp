// The engine's own tape at work: what is recorded, and what comes back along it. Then how well a
// gradient can be found by differences.
#include <cmath>
#include <cstdio>

#include "engine/autograd.h"
#include "engine/ops.h"

using namespace mdn;

namespace {

/// Prints each op when it is recorded, and each gradient when it goes through its op.
class Printer : public TapeObserver {
  public:
    void recorded(const Node& node, const Tensor& y, const std::vector<Tensor>&) override {
        std::printf("  %-8s gives %g\n", node.op, y.item());
    }
    void gradient(const Node& node, const Tensor& dy) override {
        std::printf("  %-8s has the gradient %g\n", node.op, dy.item());
    }
};

/// No compiler may compute this together with what is done to its result: the numbers below must be
/// the same on every computer.
double cube(double x) {
    volatile double y = x * x * x;
    return y;
}

}  // namespace

int main() {
    Printer printer;
    tape_observer = &printer;
    Tensor a = Tensor::full({1}, 2), b = Tensor::full({1}, 3);
    a.set_requires_grad();
    b.set_requires_grad();
    std::printf("forward, a = 2 and b = 3:\n");
    const Tensor s = add(a, b), y = multiply(s, b), z = scale(y, 10);
    std::printf("backward:\n");
    backward(z);
    std::printf("  a        has the gradient %g\n", a.grad().item());
    std::printf("  b        has the gradient %g\n\n", b.grad().item());
    tape_observer = nullptr;

    std::printf("The derivative of x^3 at x = 1 is 3. Its error by differences:\n");
    std::printf("        h   forward   central\n");
    for (const double h : {1e-1, 1e-3, 1e-5, 1e-7, 1e-9, 1e-11}) {
        const double forward = (cube(1 + h) - cube(1)) / h;
        const double central = (cube(1 + h) - cube(1 - h)) / (2 * h);
        std::printf("  %7.0e   %7.0e   %7.0e\n", h, std::abs(forward - 3), std::abs(central - 3));
    }
}
