from django.urls import path

from portal.connecting import things, views

app_name = "connecting"
urlpatterns = [
    path("", views.connections, name="list"),
    path("new/", views.new, name="new"),
    path("<int:pk>/", views.connection, name="detail"),
    path("<int:pk>/things/", things.things, name="things"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/test/", views.test, name="test"),
    path("<int:pk>/drop-key/", views.drop_key, name="drop_key"),
]
