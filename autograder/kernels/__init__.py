"""Warm, sandboxed kernels: libraries loaded once, a fresh process for every notebook."""
