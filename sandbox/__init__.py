"""Stand-ins for the outside world: WeChat Pay, Alipay, the WeChat platform and the people who use them."""
