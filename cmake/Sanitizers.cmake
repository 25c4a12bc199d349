# SW_SANITIZE=address,undefined: every finding ends the program. The standard library checks its containers too.

set(SW_SANITIZE "" CACHE STRING "Sanitizers of host code, as -fsanitize= takes them; empty for none")

add_library(spikeweave_sanitizers INTERFACE)
if(SW_SANITIZE)
  target_compile_options(spikeweave_sanitizers INTERFACE
    "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${SW_SANITIZE};-fno-sanitize-recover=all;-fno-omit-frame-pointer>")
  target_compile_definitions(spikeweave_sanitizers INTERFACE _GLIBCXX_ASSERTIONS)
  target_link_options(spikeweave_sanitizers INTERFACE -fsanitize=${SW_SANITIZE})
endif()
