from django.urls import path, re_path

from portal.branding import files, views

app_name = "branding"
urlpatterns = [
    path("", views.appearances, name="list"),
    path("reseller/<str:guid>/", views.edit, name="edit"),
    path("reseller/<str:guid>/remove/", views.remove, name="remove"),
    re_path(r"^look/(?P<digits>[0-9a-f]{6})\.css$", files.look, name="look"),
    re_path(r"^(?P<pk>[0-9]{1,18})/(?P<mark>[0-9a-f]{16})\.css$", files.stylesheet, name="stylesheet"),
    re_path(r"^(?P<pk>[0-9]{1,18})/(?P<mark>[0-9a-f]{16})\.png$", files.logo, name="logo"),
]
