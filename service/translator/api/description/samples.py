"""Two sentences, and what the model makes of them, for the examples."""

WEATHER, WEATHER_TRANSLATED = "北京天气很好。", "The weather in Beijing is nice."
TEST, TEST_TRANSLATED = "这是一段测试文本。", "This is a test text."
