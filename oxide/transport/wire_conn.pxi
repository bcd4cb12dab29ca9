cdef class Conn:
    """The protocol of one connection. While no request runs, what happens to it is passed to aiohttp's handler."""

    cdef WireLane lane
    cdef object transport, handler, connection, origin, parser, waiter, timer, timeout
    cdef object upload          # the body on its way, where it is read meanwhile
    cdef str version
    cdef Answer answer
    cdef int state
    cdef readonly bint writing
    cdef bint reused, received, paused, direct, head_only, want_stream, keep, until_close
    cdef bint done, dirty, informed, spent, refused
    cdef object failure, coding
    cdef bytes head_part        # what earlier reads brought of a head that came in several
    cdef PyObject *body         # a bytes object that nobody else holds yet, so that it can be resized in place
    cdef Py_ssize_t body_len, content_length, head_start, head_read
    cdef double sent_at, deadline, timer_at, read_limit, parked_at

    def __init__(self, WireLane lane not None, handler, transport):
        self.lane = lane
        self.handler = handler
        self.transport = transport

    def __cinit__(self):
        global alive_conns
        alive_conns += 1

    def __dealloc__(self):
        global alive_conns
        alive_conns -= 1
        Py_XDECREF(self.body)

    # -- one request -------------------------------------------------------------------------------------------

    cdef int start(self, object connection, object prepared, object attempt, object origin, bint reused) except -1:
        """Sends a request."""
        cdef Answer answer = Answer.__new__(Answer)
        cdef object body = prepared.body
        cdef object method = prepared.method
        cdef object limit
        answer.request = prepared
        answer.attempt = attempt
        answer.history = ()
        answer.is_reused = reused
        answer.body = b""
        answer.lane = self.lane
        answer.conn = self
        self.answer = answer
        self.connection = connection
        self.origin = origin
        self.timeout = prepared.timeout
        limit = self.timeout.read
        self.read_limit = INFINITY if limit is None else limit
        self.reused = reused
        self.received = self.direct = self.keep = self.until_close = False
        self.done = self.dirty = self.informed = self.spent = self.refused = False
        self.failure = self.coding = None
        self.body_len = self.head_start = self.head_read = 0
        self.head_part = None
        self.content_length = -1
        self.head_only = method == "HEAD"
        self.want_stream = prepared.stream
        self.waiter = self.lane._loop.create_future()
        self.state = HEAD
        self.lane.active.add(self)
        if self.parser is None:
            self.parser = Parser(self)
        self.sent_at = monotonic()
        try:
            if body is None or isinstance(body, bytes):
                self.write(compose(prepared, attempt, origin, body, None), body)
            else:
                self.transport.write(compose(prepared, attempt, origin, None, attempt.upload))
                self.upload = attempt.upload
                self.upload.start(self, self.lane._loop)
        except BaseException:
            self.fail(LaneError("write", "the request could not be written"))
            raise
        if self.state != IDLE:
            self.arm_sent()
        return 0

    cdef int arm_sent(self) except -1:
        """Sets the limit that runs after something was written."""
        if self.writing:
            limit = self.timeout.write
            self.arm(INFINITY if limit is None else limit)
        elif self.upload is None:
            self.arm(self.read_limit)
        else:
            # Nobody but the application can be late while its own body is read.
            self.deadline = INFINITY
        return 0

    def push(self, data):
        """Upload: writes a piece of the body. A transport that has failed says so by itself."""
        if not self.transport.is_closing():
            self.transport.write(data)

    def pushed(self):
        """Upload: the body is whole."""
        self.upload = None
        self.arm_sent()

    def broken(self, error):
        """Upload: the body cannot be read."""
        self.fail(error)

    cdef int cut(self) except -1:
        """The answer says no before the body is sent: the rest stays here, and the connection goes."""
        upload = self.upload
        self.refused = True
        if upload is not None:
            self.upload = None
            self.writing = False
            upload.stop()
        return 0

    cdef int write(self, bytes first, object body) except -1:
        self.transport.write(first)
        if body is not None and len(body) > SMALL:
            # The rest is lent to the transport: it copies only what the socket does not take at once.
            self.transport.write(memoryview(body)[SMALL:])
        return 0

    cdef int wake(self) except -1:
        waiter = self.waiter
        if waiter is not None:
            self.waiter = None
            if not waiter.done():
                waiter.set_result(None)
        return 0

    cdef int finish(self) except -1:
        """The answer is complete: the connection goes back to the pool, or is closed where it cannot be used again."""
        cdef Answer answer = self.answer
        cdef bint streamed = self.state == STREAM
        cdef bint cut = self.refused or self.writing or self.upload is not None
        cdef bint keep = self.keep and not self.dirty and not cut and not self.until_close
        cdef object error = None if streamed else self.settle(answer)
        if self.spent:
            self.parser = None
        if cut:
            # Closing it kindly would wait for a peer that reads no more.
            self.transport.abort()
        if self.paused:
            self.paused = False
            self.transport.resume_reading()
        self.leave(keep)
        if streamed:
            answer.end(error)
        else:
            answer.error = error
            answer.conn = None
            answer.complete = True
        self.wake()
        return 0

    cdef object settle(self, Answer answer):
        """Hands the collected body to the answer, decoded and padded. Returns what went wrong, or None."""
        cdef bytes plain
        if self.body is NULL:
            answer.body = bytes(PADDING)
            return None
        if bytes_size(self.body) != self.body_len + PADDING:
            _PyBytes_Resize(&self.body, self.body_len + PADDING)
        memset(bytes_data(self.body) + self.body_len, 0, PADDING)
        answer.body = <bytes>self.body
        answer.length = self.body_len
        Py_XDECREF(self.body)
        self.body = NULL
        if self.coding is not None:
            try:
                decoder = common.decoder_for(self.coding, self.lane.max_body)
                plain = decoder.decompress(answer.body[:answer.length]) + decoder.flush()
            except Exception as exc:
                return bad_coding(exc)
            if PyBytes_GET_SIZE(plain) > self.lane.max_body:
                return too_large(self.lane)
            answer.length = PyBytes_GET_SIZE(plain)
            answer.body = plain + bytes(PADDING)
        return None

    cdef int fail(self, object error) except -1:
        """The request ends here, and the connection with it."""
        cdef Answer answer = self.answer
        cdef bint streamed = self.state == STREAM
        if self.state == IDLE:
            return 0
        if self.transport is not None:
            self.transport.abort()
        self.leave(False)
        if streamed:
            answer.end(error)
        else:
            answer.error = error
            answer.conn = None
        self.wake()
        return 0

    cdef int leave(self, bint keep) except -1:
        """Takes the connection out of use."""
        cdef WireLane lane = self.lane
        self.state = IDLE
        self.direct = False
        self.answer = self.failure = self.timeout = None
        Py_XDECREF(self.body)
        self.body = NULL
        self.deadline = INFINITY
        if self.upload is not None:
            self.upload.stop()
            self.upload = None
        lane.active.discard(self)
        if not keep:
            self.parser = None
            self.part(False)
        elif lane.waiting or lane.closed:
            self.part(True)
        else:
            # Kept at hand, still taken from the pool's point of view: a release and a take of aiohttp's cost more
            # than the rest of what the lane does for a small call.
            self.parked_at = monotonic()
            (<list>self.origin.parked).append(self)
            lane.parked.add(self)
            if lane.sweeper is None:
                lane.sweep_in(lane.keep_alive)
        return 0

    cdef int unpark(self, bint keep) except -1:
        """Takes a connection from those at hand and gives it to the pool, or closes it."""
        if self in self.lane.parked:
            self.lane.parked.discard(self)
            (<list>self.origin.parked).remove(self)
            self.part(keep)
        return 0

    cdef int part(self, bint keep) except -1:
        """Gives the connection to the pool, or closes it."""
        connection, self.connection = self.connection, None
        origin, self.origin = self.origin, None
        if keep:
            origin.idle += 1
            connection.release()
        else:
            connection.close()
        return 0

    # -- limits ------------------------------------------------------------------------------------------------

    cdef int arm(self, double seconds) except -1:
        """Sets the limit that runs now. One timer serves many requests: it is moved only to fire earlier."""
        cdef double now
        if seconds == INFINITY:
            self.deadline = INFINITY
            return 0
        now = monotonic()
        self.deadline = now + seconds
        if self.timer is not None:
            if self.timer_at <= self.deadline:
                return 0
            self.timer.cancel()
        self.timer_at = self.deadline
        self.timer = self.lane._loop.call_later(seconds, self.on_timer)
        return 0

    def on_timer(self):
        """asyncio: the timer fired; the limit may have moved since it was set."""
        cdef double left
        self.timer = None
        if self.state == IDLE or self.deadline == INFINITY:
            return
        left = self.deadline - monotonic()
        if left > 0:
            self.timer_at = self.deadline
            self.timer = self.lane._loop.call_later(left, self.on_timer)
            return
        limit = "write" if self.writing else "read"
        what = "the request could not be sent" if self.writing else "no byte of the answer came"
        self.fail(LaneError("timeout", f"{what} within the {limit} limit", bytes_received=self.received,
                            reused=self.reused, limit=limit, seconds=getattr(self.timeout, limit)))

    cdef int pause(self) except -1:
        """Stops reading: the limit on silence does not run while we are the silent ones."""
        if not self.paused and self.transport is not None and not self.transport.is_closing():
            self.paused = True
            self.deadline = INFINITY
            self.transport.pause_reading()
        return 0

    cdef int resume(self) except -1:
        if self.paused:
            self.paused = False
            self.transport.resume_reading()
            self.arm(self.read_limit)
        return 0

    # -- asyncio -----------------------------------------------------------------------------------------------

    def connection_made(self, transport):
        """asyncio: never called, since aiohttp's handler made the connection."""
        self.transport = transport

    def get_buffer(self, sizehint):
        """asyncio: where to put the next bytes."""
        if self.direct:
            return PyMemoryView_FromMemory(
                bytes_data(self.body) + self.body_len, self.content_length - self.body_len, PyBUF_WRITE)
        return self.lane.scratch_view

    def buffer_updated(self, Py_ssize_t nbytes):
        """asyncio: bytes have come."""
        cdef Window window
        if self.state == IDLE:
            # Nobody asked for anything: whatever this is, the connection is out of step.
            self.handler.close()
            return
        self.received = True
        if self.direct:
            self.body_len += nbytes
            if self.body_len == self.content_length:
                # llhttp has not seen the end of this message and cannot be told.
                self.spent = self.done = True
        else:
            window = self.lane.window
            window.n = nbytes
            try:
                # No callback for headers: making objects of them costs more than all else that is done to a small
                # answer, and few are ever looked at.
                self.parser.feed_data(window)
            except ParserError as exc:
                # After a complete message only the connection is at fault, not the answer.
                self.dirty = True
                if not self.done and self.failure is None:
                    self.failure = LaneError("protocol", f"the answer is not HTTP/1.1: {exc}", bytes_received=True,
                                             reused=self.reused, cause=exc)
            if self.state == HEAD and not self.done and self.failure is None:
                self.keep_head(nbytes)
        if self.failure is not None:
            self.fail(self.failure)
        elif self.done:
            self.finish()
        else:
            if self.informed:
                self.informed = False
                self.wake()
            elif (self.state == BODY and self.content_length - self.body_len >= DIRECT_MIN and self.coding is None):
                self.direct = True
            if not self.paused and not self.writing and self.upload is None and self.read_limit != INFINITY:
                self.deadline = monotonic() + self.read_limit

    def eof_received(self):
        """asyncio: the peer will send no more; the transport closes itself."""

    def connection_lost(self, exc):
        """asyncio: the connection is gone."""
        self.handler.connection_lost(exc)
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.paused = False
        if self.state != IDLE and exc is not None:
            self.take_rest()
        if self.state == IDLE:
            self.unpark(False)
        elif self.until_close and (exc is None or self.refused):
            self.finish()
        else:
            what = "broke" if exc is None else f"broke: {exc}"
            self.fail(LaneError("read", f"the connection {what} before the answer was complete",
                                bytes_received=self.received, reused=self.reused, cause=exc))
        # The parser holds our bound methods: without this only the garbage collector would free the two.
        self.parser = self.transport = None

    cdef int take_rest(self) except -1:
        """A write that failed closes the connection before all of the answer was read: reads it now."""
        cdef Py_ssize_t n
        self.dirty = True
        spare = common.spare_socket(self.transport)
        if spare is None:
            return 0
        with spare, suppress(OSError):
            while self.state != IDLE:
                n = spare.recv_into(self.get_buffer(-1))
                if n == 0:
                    break
                self.buffer_updated(n)
        return 0

    def pause_writing(self):
        """asyncio: the socket takes no more for now."""
        self.writing = True
        if self.upload is not None and self.state != IDLE:
            self.arm_sent()

    def resume_writing(self):
        """asyncio: the socket takes bytes again."""
        self.writing = False
        if self.state != IDLE:
            self.arm_sent()
            if self.upload is not None:
                self.upload.resume()

    # -- httptools ---------------------------------------------------------------------------------------------

    def on_message_begin(self):
        """httptools: the first byte of a message."""
        if self.done:
            self.dirty = True

    def on_headers_complete(self):
        """httptools: the end of the head."""
        cdef Answer answer = self.answer
        cdef Py_ssize_t want
        if self.done:
            return
        answer.status = self.parser.get_status_code()
        if not self.take_head(answer) or answer.status < 200:
            return
        want = self.content_length
        if self.version is None:
            self.version = f"HTTP/{self.parser.get_http_version()}"
        answer.http_version = self.version
        answer.elapsed = monotonic() - self.sent_at
        self.keep = self.parser.should_keep_alive()
        if answer.status >= 300 and (self.upload is not None or self.writing):
            self.cut()
        if self.head_only or answer.status == 204 or answer.status == 304:
            # llhttp waits for the body that an answer to HEAD announces and that never comes.
            self.spent = self.head_only
            self.coding = None
            self.done = True
            if self.want_stream and answer.status < 400:
                answer.pending = []  # an empty body to bind a sink to
            return
        self.until_close = want == -1
        if self.want_stream and answer.status < 400:
            self.state = STREAM
            self.informed = True
            answer.pending = []
            if self.coding is not None:
                try:
                    answer.decoder = common.decoder_for(self.coding)
                except Exception as exc:
                    self.failure = bad_coding(exc)
        else:
            self.state = BODY
            if want > self.lane.max_body:
                self.failure = too_large(self.lane)
            elif want >= 0:
                self.body = new_bytes(NULL, want + PADDING)

    cdef int keep_head(self, Py_ssize_t n) except -1:
        """Keeps the beginning of a head that is not complete yet."""
        cdef bytes more = PyBytes_FromStringAndSize(self.lane.scratch + self.head_start, n - self.head_start)
        self.head_part = more if self.head_part is None else self.head_part + more
        self.head_start = 0
        if PyBytes_GET_SIZE(self.head_part) >= self.lane.max_head:
            self.failure = self.malformed(f"the answer's head is above {self.lane.max_head} bytes")
        return 0

    cdef bint take_head(self, Answer answer) except -1:
        """Takes the head that llhttp has just accepted, and of its headers what frames the body."""
        cdef const char *p
        cdef const char *end
        cdef const char *value
        cdef Py_ssize_t n = self.lane.window.n - self.head_start
        cdef Py_ssize_t lines, before = 0
        cdef bytes whole
        p = self.lane.scratch + self.head_start
        if self.head_part is not None:
            before = PyBytes_GET_SIZE(self.head_part)
            whole = self.head_part + PyBytes_FromStringAndSize(p, n)
            self.head_part = None
            p = PyBytes_AS_STRING(whole)
            n += before
        end = head_end(p, p + n)
        if end is NULL or end - p > self.lane.max_head:
            self.failure = self.malformed(f"the answer's head is above {self.lane.max_head} bytes")
            return False
        # Where the next head begins, should this one only announce it.
        self.head_start += end - p - before
        answer.head = PyBytes_FromStringAndSize(p, end - p)
        answer._raw_headers = None
        lines = count_lines(answer.head)
        if lines > self.lane.max_headers:
            self.failure = self.malformed(f"the answer has more than {self.lane.max_headers} headers")
            return False
        if find_header(answer.head, b"transfer-encoding", 17, &n) is not NULL:
            self.content_length = -2
        else:
            value = find_header(answer.head, b"content-length", 14, &n)
            if value is not NULL:
                # llhttp has checked that it is a number, and the only one.
                self.content_length = int(value[:n])
        value = find_header(answer.head, b"content-encoding", 16, &n)
        if value is not NULL:
            coding = (<bytes>value[:n]).lower().decode("latin-1")
            self.coding = None if coding in ("", "identity") else coding
        return True

    cdef object malformed(self, str message):
        return LaneError("protocol", message, bytes_received=True, reused=self.reused)

    def on_body(self, bytes data):
        """httptools: body bytes, chunk framing taken off."""
        # httptools makes a bytes object of every span; its C callbacks are out of reach, so this copy stays.
        cdef Py_ssize_t n = PyBytes_GET_SIZE(data)
        if self.done or self.failure is not None:
            return
        if self.state == STREAM:
            if self.answer.give(data):
                self.pause()
            return
        if self.body_len + n > self.lane.max_body:
            self.failure = too_large(self.lane)
            return
        if self.body is NULL:
            self.body = new_bytes(NULL, n + n // 2 + 1024)
        elif self.body_len + n + PADDING > bytes_size(self.body):
            _PyBytes_Resize(&self.body, (self.body_len + n) * 3 // 2 + 1024)
        memcpy(bytes_data(self.body) + self.body_len, PyBytes_AS_STRING(data), n)
        self.body_len += n

    def on_message_complete(self):
        """httptools: the end of the message."""
        if self.done:
            # The end of an answer to HEAD, or of a 204, is where its head ended.
            self.dirty = self.dirty or self.state != HEAD
        elif self.answer.status < 200:
            # 100, 102 and 103 announce the answer; 101 was never asked for and stops the parser itself.
            self.content_length = -1
            self.coding = None
        else:
            self.done = True
