/// What the first byte of a message says about it.
///
/// A message is one to three ZeroMQ frames. The first frame is the kind byte and a body:
/// ```
/// kind  name     direction             frames  body of the first frame
/// 0x01  HELLO    dialler → acceptor    1       the layer above, at most 4096 bytes
/// 0x02  WELCOME  acceptor → dialler    1       the layer above, at most 4096 bytes
/// 0x03  REFUSED  acceptor → dialler    1       why, UTF-8, at most 200 bytes
/// 0x04  PING     both                  1       empty
/// 0x05  PONG     both                  1       empty
/// 0x10  DATA     both                  1 to 3  the layer above
/// ```
/// A connection begins with one HELLO, answered by WELCOME or REFUSED; nothing else goes either way
/// before. Anything else as first message is an offence, and so are an empty first frame and more
/// than three frames at any time: the acceptor cuts the connection and refuses the key for a while.
/// A dialler sends PING every 30 s; whoever gets PING answers PONG; a link on which nothing arrived
/// for 75 s is dead. On an admitted link other kinds are ignored, so that later versions can add.
///
/// A dialler uses a new connection, and so a new HELLO, for every attempt: ZeroMQ's own reconnect
/// is off, because a message that crosses it would arrive before HELLO.
enum FrameKind: UInt8 {
    case hello = 0x01
    case welcome = 0x02
    case refused = 0x03
    case ping = 0x04
    case pong = 0x05
    case data = 0x10
}
