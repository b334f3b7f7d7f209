#pragma once

// Four products of bytes per lane are one instruction, `vpdpbusd`.

typedef vec left, right;

INLINE left spread(const char *a) { return spread_bytes(a); }
INLINE right weights(const char *b) { return v_load(b); }
INLINE vec dot(vec sum, left a, right b) { return DOT(sum, a, b); }
