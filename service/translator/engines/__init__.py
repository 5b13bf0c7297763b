"""The engines that turn sentences into translations, behind one protocol."""
