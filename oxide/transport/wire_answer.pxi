cdef class Answer:
    """An answer; the attributes and methods are RawAnswer's."""

    cdef readonly int status
    cdef bytes head             # status line and header lines, as received
    cdef list _raw_headers
    cdef readonly bytes body
    cdef readonly Py_ssize_t length
    cdef readonly bint is_reused
    cdef readonly double elapsed
    cdef public object request, attempt
    cdef public tuple history
    cdef Conn conn              # None once the connection is out of our hands
    cdef WireLane lane
    cdef readonly str http_version
    cdef object decoder
    cdef object sink
    cdef list pending           # body pieces that came before there was a sink
    cdef Py_ssize_t held
    cdef object error           # why the body broke off
    cdef bint complete
    cdef object _headers

    def __cinit__(self):
        global alive_answers
        alive_answers += 1

    def __dealloc__(self):
        global alive_answers
        alive_answers -= 1

    @property
    def raw_headers(self):
        """The header pairs as received, bytes; split at the first look."""
        if self._raw_headers is None:
            self._raw_headers = split_head(self.head)
        return self._raw_headers

    def note_limits(self):
        """Keep the head in `request.rates` when it reports rate limits of the request's model."""
        rates, params = self.request.rates, self.request.params
        if type(rates) is not dict or type(params) is not dict:
            return
        model = (<dict>params).get("model")
        if isinstance(model, str) and has_header(self.head, "x-ratelimit-", 12):
            if model in <dict>rates:
                (<dict>rates)[model] = (self.head, wall_time())
            else:
                note(rates, model, self.head)

    @property
    def headers(self):
        """The headers received, decoded at the first look-up."""
        if self._headers is None:
            self._headers = common.Headers(self.raw_headers)
        return self._headers

    @property
    def url(self):
        """The address that answered."""
        return self.request.url

    @property
    def loop(self):
        """The event loop the connection lives in."""
        return self.lane._loop

    @property
    def reason(self):
        """The standard phrase for the status."""
        return RawAnswer.reason.fget(self)

    @property
    def retries_taken(self):
        """How many attempts failed before this one."""
        return self.attempt.number

    @property
    def request_headers(self):
        """The headers sent, credentials included."""
        return RawAnswer.request_headers.fget(self)

    def content(self):
        """The body without its padding: a copy."""
        return self.body[:self.length]

    def facts(self):
        """What is known about the answer, for error objects and raw responses."""
        return RawAnswer.facts(self)

    def header(self, bytes name):
        """The first value of a header without decoding the others.

        Args:
            name: in lower case.

        Returns:
            The value as received, or None.
        """
        cdef const char *value
        cdef Py_ssize_t n
        value = find_header(self.head, PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name), &n)
        return None if value is NULL else PyBytes_FromStringAndSize(value, n)

    # -- streams -----------------------------------------------------------------------------------------------

    cdef int give(self, bytes data) except -1:
        """Hands body bytes on. Returns 1 when the socket should not be read for now."""
        if self.decoder is not None:
            try:
                data = self.decoder.decompress(data)
            except Exception as exc:
                self.conn.failure = bad_coding(exc)
                return 0
            if not data:
                return 0
        if self.sink is None:
            self.pending.append(data)
            self.held += PyBytes_GET_SIZE(data)
            return self.held > self.lane.high_water
        if isinstance(self.sink, ByteSink):
            return (<ByteSink>self.sink).feed(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
        return bool(self.sink.feed_data(data))

    cdef int end(self, object error) except -1:
        """The body is complete, or broke off."""
        cdef bytes rest
        if self.complete:
            return 0
        if error is None and self.decoder is not None:
            try:
                rest = self.decoder.flush()
            except Exception as exc:
                error = bad_coding(exc)
            else:
                self.decoder = None
                if rest:
                    self.give(rest)
        self.complete = True
        self.error = error
        self.conn = None
        self.tell()
        return 0

    cdef int tell(self) except -1:
        sink = self.sink
        if sink is None:
            return 0
        if self.error is not None:
            sink.set_exception(self.error)
        else:
            sink.feed_eof()
        self.sink = None
        return 0

    def bind(self, sink not None):
        """Deliver the decoded body to a sink from now on, the part that has come already first.

        Args:
            sink: a ByteSink, or an object with its Python methods; its ``control`` is this answer.
        """
        cdef list pending = self.pending
        cdef bint full = False
        if self.sink is not None or pending is None:
            raise RuntimeError("the body is being read already")
        self.sink = sink
        self.pending = None
        for piece in pending:
            if sink.feed_data(piece):
                full = True
        if self.complete:
            self.tell()
        elif self.conn is not None:
            if full:
                self.conn.pause()
            else:
                self.conn.resume()

    async def read_all(self):
        """Read the rest of a stream into ``body`` and ``length``.

        Raises:
            LaneError: the connection broke, or a limit ran out.
        """
        cdef list pieces = []
        cdef Py_ssize_t n = 0
        if self.pending is None and self.sink is None and self.complete:
            return
        async for piece in self.aiter_bytes():
            pieces.append(piece)
            n += len(piece)
            if n > self.lane.limits.max_body:
                raise too_large(self.lane)
        self.body = b"".join(pieces) + bytes(PADDING)
        self.length = n

    def aiter_bytes(self):
        """The decoded body in the pieces it arrives in.

        Raises:
            LaneError: the connection broke, or a limit ran out.
        """
        chunks = common.Chunks(self.lane._loop, self, self.lane.high_water)
        self.bind(chunks)
        return chunks.iterate()

    def pause_reading(self):
        """Stop taking bytes from the socket."""
        if self.conn is not None:
            self.conn.pause()

    def resume_reading(self):
        """Take bytes from the socket again."""
        if self.conn is not None:
            self.conn.resume()

    def expect_end(self, double seconds):
        """The reader needs nothing more: the connection is kept if the body ends within a time, else closed.

        Args:
            seconds: how long to wait.
        """
        if self.conn is not None:
            self.conn.read_limit = seconds
            self.conn.resume()
            self.conn.arm(seconds)

    def release(self):
        """Give the connection back: to the pool when the body was read to its end, else it is closed."""
        self.abort()

    def abort(self):
        """Close the connection at once."""
        cdef Conn conn = self.conn
        self.sink = None
        if conn is not None:
            conn.fail(LaneError("closed", "the answer was closed", bytes_received=True))
