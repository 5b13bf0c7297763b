// Measures a text as the service does.

// White space, and what the service takes out because no reader could see it.
const VISIBLE = /[^\s\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/u;

/** Whether a reader would see nothing of `text`. */
export const isBlank = (text) => !VISIBLE.test(text);

/**
 * The number of characters, of which an emoji is one and two UTF-16 units; null where there are so
 * many units that the characters must be more than `limit`: counting millions would hold up typing.
 */
export function lengthWithin(text, limit) {
  if (text.length > 2 * limit) return null;
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}
