// Spreads are compiled to Object.assign (.swcrc), which sets what a spread defines: from JSON with a key `__proto__` the
// copy would get that key's value as its prototype. Without the setter the key is one like any other.
delete Object.prototype.__proto__;
