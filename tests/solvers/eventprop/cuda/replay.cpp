// Runs the kernels on calls from files: of each call a line with kernel, blocks, threads and the sizes of its buffers in
// bytes, then the buffers.
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "host.cpp"

int main(int count, char** names) {
  for (int k = 1; k < count; ++k) {
    std::ifstream file(names[k], std::ios::binary);
    std::string line, kernel;
    std::getline(file, line);
    std::istringstream words(line);
    int blocks, threads;
    words >> kernel >> blocks >> threads;
    std::vector<std::vector<char>> buffers;
    for (size_t size; words >> size;) buffers.emplace_back(size);
    std::vector<void*> pointers;
    for (auto& buffer : buffers) {
      file.read(buffer.data(), buffer.size());
      pointers.push_back(buffer.data());
    }
    if (run(kernel.c_str(), blocks, threads, pointers.data(), pointers.size())) return 1;
    std::cout << kernel << " ended\n";
  }
}
