// .swcrc compiles a spread to Object.assign, which calls setters. For JSON with a key `__proto__`, the copy would get
// that key's value as its prototype. Without the setter, `__proto__` is an ordinary key.
delete Object.prototype.__proto__;
