#include "engine/communicator.h"

#include <cstring>
#include <numeric>

#include "engine/backend.h"

namespace mdn {

std::vector<std::vector<double>> Communicator::gather_numbers(const std::vector<double>& own) {
    const size_t count = own.size();
    std::vector<double> all(count * static_cast<size_t>(ranks()));
    gather(own.data(), all.data(),
           std::vector<int64_t>(static_cast<size_t>(ranks()),
                                static_cast<int64_t>(count * sizeof(double))));
    std::vector<std::vector<double>> of_rank;
    for (auto first = all.begin(); std::ssize(of_rank) < ranks(); first += std::ssize(own))
        of_rank.emplace_back(first, first + std::ssize(own));
    return of_rank;
}

std::vector<std::string> Communicator::gather_text(const std::string& own) {
    std::vector<int64_t> bytes;
    for (const auto& size : gather_numbers({static_cast<double>(own.size())}))
        bytes.push_back(static_cast<int64_t>(size.front()));
    std::string all(static_cast<size_t>(std::accumulate(bytes.begin(), bytes.end(), int64_t{0})),
                    '\0');
    gather(own.data(), all.data(), bytes);
    std::vector<std::string> texts;
    size_t first = 0;
    for (const int64_t size : bytes) {
        texts.push_back(all.substr(first, static_cast<size_t>(size)));
        first += static_cast<size_t>(size);
    }
    return texts;
}

std::string Communicator::broadcast_text(const std::string& own) {
    int64_t size = std::ssize(own);
    broadcast(&size, sizeof size);
    std::string text = own;
    text.resize(static_cast<size_t>(size));
    broadcast(text.data(), size);
    return text;
}

std::string Communicator::join_devices(Device device) {
    Backend::Joined joined = backend(device).join(*this);
    devices_ = std::move(joined.ranks);
    joined_device_ = device;
    return joined.note;
}

namespace {

Tensor on_host(const Tensor& x) { return x.device() == Device::cpu ? x : x.to(Device::cpu); }

Tensor as_device_of(const Tensor& x, const Tensor& host) {
    return x.device() == Device::cpu ? host : host.to(x.device());
}

Shape with_rows(const Tensor& x, int64_t rows) {
    Shape shape = x.shape();
    shape.front() = rows;
    return shape;
}

int64_t bytes_of_row(const Tensor& x) {
    return element_count(with_rows(x, 1)) * size_of(x.dtype());
}

std::vector<int64_t> times(std::vector<int64_t> values, int64_t factor) {
    for (int64_t& value : values) value *= factor;
    return values;
}

template <class T>
void add_parts(const T* parts, int64_t count, int64_t own, T* sum) {
    for (int64_t part = 0; part < count; ++part)
        for (int64_t i = 0; i < own; ++i) sum[i] += parts[part * own + i];
}

}  // namespace

Tensor Communicator::gather_rows(const Tensor& x, const std::vector<int64_t>& rows) {
    const Shape shape = with_rows(x, std::accumulate(rows.begin(), rows.end(), int64_t{0}));
    const std::vector<int64_t> bytes = times(rows, bytes_of_row(x));
    if (DeviceRanks* joined = devices(x.device())) {
        const Tensor all = empty_as(x, shape);
        joined->gather(x, all, bytes);
        return all;
    }
    const Tensor host = on_host(x);
    const Tensor all = Tensor::empty(shape, x.dtype());
    gather(host.raw(), all.raw(), bytes);
    return as_device_of(x, all);
}

Tensor Communicator::sum_own_rows(const Tensor& x, const std::vector<int64_t>& rows) {
    const int64_t own = rows[static_cast<size_t>(rank())], row = bytes_of_row(x);
    const std::vector<int64_t> received(rows.size(), own * row);
    if (DeviceRanks* joined = devices(x.device())) {
        const Tensor parts = empty_as(x, with_rows(x, own * ranks()));
        joined->exchange(x, times(rows, row), parts, received);
        Tensor sum = Tensor::zeros(with_rows(x, own), x.dtype(), x.device());
        for (int64_t part = 0; own > 0 && part < ranks(); ++part)
            kernels(sum).add(sum, parts.rows(part * own, own).clone(), sum);
        return sum;
    }
    const Tensor host = on_host(x);
    std::vector<char> parts(static_cast<size_t>(own * row * ranks()));
    exchange(host.raw(), times(rows, row), parts.data(), received);
    const Tensor sum = Tensor::zeros(with_rows(x, own), x.dtype());
    if (x.dtype() == DType::f64)
        add_parts(reinterpret_cast<const double*>(parts.data()), ranks(), sum.numel(),
                  sum.data<double>());
    else
        add_parts(reinterpret_cast<const float*>(parts.data()), ranks(), sum.numel(),
                  sum.data<float>());
    return as_device_of(x, sum);
}

int64_t BatchShare::first() const {
    return std::accumulate(clips.begin(), clips.begin() + over->rank(), int64_t{0});
}

int64_t BatchShare::in_all() const {
    return std::accumulate(clips.begin(), clips.end(), int64_t{0});
}

std::vector<int64_t> shares_of(int64_t clips, int64_t ranks) {
    std::vector<int64_t> shares;
    for (int64_t rank = 0; rank < ranks; ++rank)
        shares.push_back(clips / ranks + (rank < clips % ranks ? 1 : 0));
    return shares;
}

}  // namespace mdn
