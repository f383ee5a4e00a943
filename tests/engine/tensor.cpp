#include "engine/tensor.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "engine/random.h"

using namespace mdn;

TEST_SUITE("engine/tensor") {
    TEST_CASE("shape, size and bytes") {
        const Tensor x = Tensor::zeros({2, 3, 4}, DType::f64);
        CHECK(x.rank() == 3);
        CHECK(x.numel() == 24);
        CHECK(x.bytes() == 192);
        CHECK(x.dim(0) == 2);
        CHECK(x.dim(-1) == 4);
        CHECK(to_string(x.shape()) == "[2, 3, 4]");
        CHECK(with_last_axis(x.shape(), 7) == Shape{2, 3, 7});
        CHECK_THROWS_WITH_AS(with_last_axis({}, 7), "[tensor] a scalar has no last axis", Error);
        CHECK(Tensor::zeros({}).numel() == 1);
        CHECK(Tensor::zeros({3, 0}).numel() == 0);
        CHECK_THROWS_WITH_AS(x.dim(3), "[tensor] axis 3 outside shape [2, 3, 4]", Error);
        CHECK_THROWS_WITH_AS(x.dim(-4), "[tensor] axis -4 outside shape [2, 3, 4]", Error);
    }

    TEST_CASE("every dtype is filled, read back and sized") {
        for (const DType dtype : {DType::f32, DType::f64, DType::i64, DType::u8}) {
            CAPTURE(to_string(dtype));
            const Tensor x = Tensor::full({1}, 7, dtype);
            CHECK(x.item() == 7);
            CHECK(x.bytes() == size_of(dtype));
        }
        CHECK(Tensor::full({3}, 2, DType::i64).to_vector<int64_t>() ==
              std::vector<int64_t>{2, 2, 2});
        CHECK(to_string(DType::u8) == "u8");
        CHECK(size_of(DType::f32) == 4);
    }

    TEST_CASE("a handle shares memory, a clone does not") {
        const Tensor x = Tensor::from<float>({1, 2, 3, 4}, {4});
        const Tensor handle = x, other = x.clone(), square = x.view({2, 2});
        x.data<float>()[2] = 9;
        CHECK(handle.data<float>()[2] == 9);
        CHECK(square.data<float>()[2] == 9);
        CHECK(other.data<float>()[2] == 3);
        CHECK(x.shares_memory_with(square));
        CHECK(!x.shares_memory_with(other));
        CHECK(!x.shares_memory_with(Tensor()));
    }

    TEST_CASE("memory is owned alone until a handle, view or detached tensor shares it") {
        Tensor x = Tensor::zeros({4});
        CHECK(x.owns_memory_alone());
        {
            const Tensor handle = x;
            CHECK(!x.owns_memory_alone());
        }
        CHECK(x.owns_memory_alone());
        {
            const Tensor view = x.view({2, 2});
            CHECK(!x.owns_memory_alone());
        }
        const Tensor detached = x.detach();
        CHECK(!x.owns_memory_alone());
        x = Tensor();
        CHECK(detached.owns_memory_alone());
        CHECK(!x.owns_memory_alone());
    }

    TEST_CASE("casting and copying keep the values") {
        Random random(1);
        const Tensor x = random.normal_tensor({5, 7});
        CHECK(x.to(DType::f64).to(DType::f32).to_vector<float>() == x.to_vector<float>());
        const Tensor y = Tensor::zeros({5, 7});
        y.copy_from(x);
        CHECK(y.to_vector<float>() == x.to_vector<float>());
        const Tensor moved = x.to(Device::cpu);
        CHECK(moved.to_vector<float>() == x.to_vector<float>());
        CHECK(!moved.shares_memory_with(x));
        CHECK_THROWS_WITH_AS(y.copy_from(x.view({7, 5})),
                             "[tensor] cannot copy f32[7, 5] into f32[5, 7]", Error);
        CHECK_THROWS_WITH_AS(y.copy_from(x.to(DType::f64)),
                             "[tensor] cannot copy f64[5, 7] into f32[5, 7]", Error);
    }

    TEST_CASE("clones and detached tensors are outside the graph") {
        Tensor x = Tensor::full({2}, 1).set_requires_grad();
        CHECK(x.requires_grad());
        CHECK(!x.detach().requires_grad());
        CHECK(!x.clone().requires_grad());
        CHECK(!x.view({2, 1}).requires_grad());
        CHECK(!x.grad().defined());
        x.set_requires_grad(false);
        CHECK(!x.requires_grad());
        CHECK_THROWS_WITH_AS(Tensor::zeros({2}, DType::i64).set_requires_grad(),
                             "[tensor] a tensor of i64 cannot have a gradient", Error);
    }

    TEST_CASE("mistakes are named") {
        CHECK_THROWS_WITH_AS(Tensor::zeros({2, -1}), "[tensor] negative size in shape [2, -1]",
                             Error);
        CHECK_THROWS_WITH_AS(Tensor::zeros({int64_t{1} << 40, int64_t{1} << 40}),
                             "[tensor] too many elements in shape [1099511627776, 1099511627776]",
                             Error);
        CHECK_THROWS_WITH_AS(Tensor::zeros({int64_t{1} << 62}),
                             "[tensor] too many elements in shape [4611686018427387904]", Error);
        CHECK_THROWS_WITH_AS(Tensor::from<float>({1, 2, 3}, {2, 2}),
                             "[tensor] 3 values do not fit shape [2, 2]", Error);
        CHECK_THROWS_WITH_AS(Tensor::zeros({2, 3}).view({5}),
                             "[tensor] cannot view shape [2, 3] as [5]", Error);
        CHECK_THROWS_WITH_AS(Tensor::zeros({2, 3}).view({-2, -3}),
                             "[tensor] negative size in shape [-2, -3]", Error);
        CHECK_THROWS_WITH_AS(Tensor::zeros({2}).data<double>(),
                             "[tensor] f64 access to a tensor of f32", Error);
        CHECK_THROWS_WITH_AS(Tensor::zeros({2}).item(),
                             "[tensor] item() needs one element, the shape is [2]", Error);
        CHECK_THROWS_WITH_AS(Tensor().shape(), "[tensor] an undefined tensor has no shape", Error);
        CHECK_THROWS_AS(Tensor().dtype(), Error);
        CHECK_THROWS_AS(Tensor().raw(), Error);
    }
}
