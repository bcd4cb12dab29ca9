# A model instance from below: where CPython and pydantic keep its state, read and written without a Python call.
from cpython.object cimport PyObject

cdef extern from *:
    """
    #include "structmember.h"

    static Py_ssize_t ox_slot_fields_set, ox_slot_extra, ox_slot_private, ox_slot_source;
    static getattrofunc ox_base_getattro;

    #define OX_SLOT(self, offset) (*(PyObject **)((char *)(self) + (offset)))

    /* Offset of a slot made by __slots__; -1 with an exception where the descriptor is something else. */
    static Py_ssize_t ox_slot_offset(PyObject *descriptor)
    {
        if (!Py_IS_TYPE(descriptor, &PyMemberDescr_Type)) {
            PyErr_SetString(PyExc_TypeError, "a slot of pydantic.BaseModel is no member descriptor any more; "
                                             "OXIDE_BACKEND=python works without");
            return -1;
        }
        return ((PyMemberDescrObject *)descriptor)->d_member->offset;
    }

    static inline void ox_set_slot(PyObject *self, Py_ssize_t offset, PyObject *value)
    {
        PyObject *old = OX_SLOT(self, offset);
        OX_SLOT(self, offset) = Py_XNewRef(value);
        Py_XDECREF(old);
    }

    /* The instance dict, made on first use. Borrowed. */
    static inline PyObject *ox_dict(PyObject *self)
    {
        PyObject **place = _PyObject_GetDictPtr(self);
        if (place == NULL) {
            PyErr_SetString(PyExc_SystemError, "a model without __dict__");
            return NULL;
        }
        if (*place == NULL)
            *place = PyDict_New();
        return *place;
    }

    /* Takes the reference. */
    static inline int ox_set_dict(PyObject *self, PyObject *dict)
    {
        PyObject **place = _PyObject_GetDictPtr(self);
        if (place == NULL) {
            Py_DECREF(dict);
            PyErr_SetString(PyExc_SystemError, "a model without __dict__");
            return -1;
        }
        PyObject *old = *place;
        *place = dict;
        Py_XDECREF(old);
        return 0;
    }

    static PyObject *(*ox_miss)(PyObject *, PyObject *);

    /* The source of an instance whose fields were read at once, as those of an event are. Its values stand in the order
       of the class's fields, without a dict: making one costs more than reading the event. */
    typedef struct {
        PyObject_VAR_HEAD
        PyObject *plan;
        PyObject **names;  /* of the fields, interned; owned by the plan */
        PyObject *keep;    /* JSON text, where it holds more than the values below; else NULL */
        int mode;
        int later;         /* whether values may hold a Later, to be asked for what it stands for */
        PyObject *values[1];
    } OxFilled;

    static int ox_filled_traverse(PyObject *self, visitproc visit, void *arg)
    {
        Py_VISIT(Py_TYPE(self));
        for (Py_ssize_t i = 0; i < Py_SIZE(self); i++)
            Py_VISIT(((OxFilled *)self)->values[i]);
        return 0;
    }

    static int ox_filled_clear(PyObject *self)
    {
        for (Py_ssize_t i = 0; i < Py_SIZE(self); i++)
            Py_CLEAR(((OxFilled *)self)->values[i]);
        return 0;
    }

    static void ox_filled_dealloc(PyObject *self)
    {
        PyTypeObject *type = Py_TYPE(self);
        if (PyObject_GC_IsTracked(self))
            PyObject_GC_UnTrack(self);
        Py_TRASHCAN_BEGIN(self, ox_filled_dealloc)
        for (Py_ssize_t i = 0; i < Py_SIZE(self); i++)
            Py_XDECREF(((OxFilled *)self)->values[i]);
        Py_XDECREF(((OxFilled *)self)->keep);
        Py_XDECREF(((OxFilled *)self)->plan);
        PyObject_GC_Del(self);
        Py_DECREF(type);
        Py_TRASHCAN_END
    }

    static PyTypeObject *ox_filled_type;

    static int ox_filled_ready(void)
    {
        static PyType_Slot slots[] = {
            {Py_tp_traverse, ox_filled_traverse},
            {Py_tp_clear, ox_filled_clear},
            {Py_tp_dealloc, ox_filled_dealloc},
            {0, NULL},
        };
        static PyType_Spec spec = {
            "oxide.models.lazy_c.Filled", offsetof(OxFilled, values), sizeof(PyObject *),
            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots,
        };
        ox_filled_type = (PyTypeObject *)PyType_FromSpec(&spec);
        return ox_filled_type == NULL ? -1 : 0;
    }

    /* Not tracked by the garbage collector until it holds something that can be part of a ring. */
    static PyObject *ox_filled_new(PyObject *plan, PyObject **names, Py_ssize_t n, int mode)
    {
        OxFilled *self = PyObject_GC_NewVar(OxFilled, ox_filled_type, n);
        if (self == NULL)
            return NULL;
        self->plan = Py_NewRef(plan);
        self->names = names;
        self->keep = NULL;
        self->mode = mode;
        self->later = 0;
        memset(self->values, 0, (size_t)n * sizeof(PyObject *));
        return (PyObject *)self;
    }

    static inline int ox_is_filled(PyObject *source) { return Py_IS_TYPE(source, ox_filled_type); }

    static PyObject *ox_later_type;
    static PyObject *(*ox_resolve)(PyObject *);

    /* A value that an instance is made of, as its reader sees it. A new reference. */
    static inline PyObject *ox_filled_value(const OxFilled *filled, Py_ssize_t i)
    {
        PyObject *value = filled->values[i];
        if (filled->later && PyObject_TypeCheck(value, (PyTypeObject *)ox_later_type))
            return ox_resolve(value);
        return Py_NewRef(value);
    }

    /* tp_getattro of every class that is filled lazily. What the instance dict holds is a field already read:
       pydantic allows no data descriptor of the same name, so the type need not be asked first. */
    static PyObject *ox_getattro(PyObject *self, PyObject *name)
    {
        PyObject **place = _PyObject_GetDictPtr(self);
        if (place != NULL && *place != NULL) {
    #if PY_VERSION_HEX >= 0x030D0000
            PyObject *found;
            int rc = PyDict_GetItemRef(*place, name, &found);
            if (rc != 0)
                return found;
    #else
            PyObject *found = PyDict_GetItemWithError(*place, name);
            if (found != NULL)
                return Py_NewRef(found);
            if (PyErr_Occurred())
                return NULL;
    #endif
        }
        PyObject *source = OX_SLOT(self, ox_slot_source);
        if (source == NULL)
            return ox_base_getattro(self, name);
        if (ox_is_filled(source)) {
            OxFilled *filled = (OxFilled *)source;
            /* Attribute names in code are interned as these are, so nearly every read ends here. */
            for (Py_ssize_t i = 0; i < Py_SIZE(filled); i++)
                if (filled->names[i] == name) {
                    if (filled->values[i] != NULL)
                        return ox_filled_value(filled, i);
                    break;
                }
        }
        return ox_miss(self, name);
    }

    /* Whether reads of this object come here: it has the slots then. */
    static inline int ox_is_model(PyObject *object) { return Py_TYPE(object)->tp_getattro == ox_getattro; }

    static void ox_install(PyObject *cls)
    {
        PyTypeObject *type = (PyTypeObject *)cls;
        type->tp_getattro = ox_getattro;
        PyType_Modified(type);
    }

    static void ox_remember(PyObject *pydantic_base)
    {
        ox_base_getattro = ((PyTypeObject *)pydantic_base)->tp_getattro;
    }

    static inline PyObject *ox_alloc(PyObject *cls)
    {
        return ((PyTypeObject *)cls)->tp_alloc((PyTypeObject *)cls, 0);
    }
    """
    ctypedef struct OxFilled:
        PyObject *plan
        PyObject *keep
        int mode
        int later
        PyObject **values

    int ox_filled_ready() except -1
    PyObject *ox_filled_new(object plan, PyObject **names, Py_ssize_t n, int mode) except NULL
    bint ox_is_model(object instance)
    bint ox_is_filled(PyObject *source)
    object ox_filled_value(const OxFilled *filled, Py_ssize_t i)
    PyObject *ox_later_type
    object (*ox_resolve)(object)
    Py_ssize_t ox_slot_fields_set, ox_slot_extra, ox_slot_private, ox_slot_source
    Py_ssize_t ox_slot_offset(object descriptor) except -1
    PyObject *OX_SLOT(object self, Py_ssize_t offset)
    void ox_set_slot(object self, Py_ssize_t offset, object value)
    void ox_clear_slot "ox_set_slot"(object self, Py_ssize_t offset, PyObject *null)
    PyObject *ox_dict(object self) except NULL
    int ox_set_dict(object self, PyObject *dict) except -1
    object (*ox_miss)(object, object)
    object ox_base_getattro(object self, object name)
    void ox_install(object cls)
    void ox_remember(object pydantic_base)
    object ox_alloc(object cls)
