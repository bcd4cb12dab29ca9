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
        if (OX_SLOT(self, ox_slot_source) == NULL)
            return ox_base_getattro(self, name);
        return ox_miss(self, name);
    }

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
