"""The WeChat platform: mini-program and official-account server APIs, and messages pushed to the merchant."""
