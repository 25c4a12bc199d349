// SW_UNROLL(4) before a loop: nvcc unrolls it so many times. Host compilers, in emulated builds, see nothing.
#pragma once

#if defined(SW_EMULATED)
#define SW_UNROLL(count)
#else
#define SW_PRAGMA_(text) _Pragma(#text)
#define SW_UNROLL(count) SW_PRAGMA_(unroll count)
#endif
