"""Yinqiao (银桥): who is eligible for which support, which lender fits which borrower, and why."""
